//! The laws and oracles of the backtest runner.
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod control;
#[cfg(test)]
mod frames;
#[cfg(test)]
mod lookahead;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod passing;
#[cfg(test)]
mod rates;
#[cfg(test)]
mod report;
#[cfg(test)]
mod strategies;
#[cfg(test)]
mod sweep;
#[cfg(test)]
mod ticks;
