//! The engine and the simulated venue, seen from outside.
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod beside;
#[cfg(test)]
mod breakers;
#[cfg(test)]
mod budget;
#[cfg(test)]
mod carry;
#[cfg(test)]
mod children;
#[cfg(test)]
mod context;
#[cfg(test)]
mod convert;
#[cfg(test)]
mod exits;
#[cfg(test)]
mod frames;
#[cfg(test)]
mod latency;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod liquidation;
#[cfg(test)]
mod live;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod readings;
#[cfg(test)]
mod risk;
#[cfg(test)]
mod script;
#[cfg(test)]
mod settlement;
#[cfg(test)]
mod several;
#[cfg(test)]
mod tick_laws;
#[cfg(test)]
mod ticks;
#[cfg(test)]
mod timing;
#[cfg(test)]
mod turns;
#[cfg(test)]
mod venue;
#[cfg(test)]
mod walk;
#[cfg(test)]
mod whole;
