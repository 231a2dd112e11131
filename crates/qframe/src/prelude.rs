//! What a strategy and a small program around it need: `use qframe::prelude::*;`.
pub use qframe_data::samples;
pub use qframe_engine::venue::{FeeBasis, FeeModel, Fees, Settings as Venue};
pub use qframe_engine::{
    AtEnd, Breaker, Context, Limits, Market, Pass, PortfolioLimits, Quiet, Sizing, Strategy, SymbolLimits, Ticket,
    Trigger, Usually,
};
pub use qframe_lab::registry::{AnyStrategy, Assets, BuildError, MarketInfo, Needs, StrategySpec};
pub use qframe_lab::strategies::{MaCrossover, Mode};
pub use qframe_lab::{Backtest, DataSet, Outcome, Setup};
pub use qframe_model::breaker::TradingState;
pub use qframe_model::event::{Event, Header};
pub use qframe_model::fill::Fill;
pub use qframe_model::ids::{InstrumentId, SeriesId};
pub use qframe_model::instrument::{Instrument, Rules};
pub use qframe_model::market::{Bar, Side};
pub use qframe_model::number::{Cash, Overflow, Price, Quantity, Rate};
pub use qframe_model::order::{OrderKind, Purpose, Size, TimeInForce, Trail};
pub use qframe_model::parameter::{ParameterSpec, Parameters};
pub use qframe_model::strategy::StrategyKind;
pub use qframe_model::time::{Span, Time, TimeFrame};
pub use qframe_quant::indicators::{Indicator, *};

/// What goes wrong in `main`.
pub type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;
