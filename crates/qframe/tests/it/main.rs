//! The program as a user runs it.
#[cfg(test)]
mod assets;
#[cfg(test)]
mod books;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod calendars;
#[cfg(test)]
mod catalog;
#[cfg(test)]
mod closes;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod echo;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod exchange_tls;
#[cfg(test)]
mod helps;
#[cfg(test)]
mod import;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod live;
#[cfg(test)]
mod lookahead;
#[cfg(test)]
mod notes;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod portfolio;
#[cfg(test)]
mod portfolio_flags;
#[cfg(test)]
mod program;
#[cfg(test)]
mod quality;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod report;
#[cfg(test)]
mod risk;
#[cfg(test)]
mod risk_limits;
#[cfg(test)]
mod round;
#[cfg(test)]
mod securities;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod shares;
#[cfg(test)]
mod ticks;
#[cfg(test)]
mod written_over;
