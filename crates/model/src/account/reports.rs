//! What a venue's word does to an account.
use super::Account;
use crate::event::Report;
use crate::ledger::{Book, Entry, Transfer};
use crate::number::Overflow;
use crate::position::ClosedTrade;

impl Account {
    /// Takes in what a report moves: money, units, or nothing. Gives the trade that it closed.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    #[inline]
    pub fn apply(&mut self, report: &Report) -> Result<Option<ClosedTrade>, Overflow> {
        match report {
            Report::Filled { fill, .. } | Report::Forced(fill) => return self.fill(fill),
            Report::Charged { commodity, book, amount, .. } => {
                let transfer = Transfer { commodity: *commodity, from: Book::Assets, to: *book, amount: *amount };
                self.post(&Entry::new(transfer))?;
            }
            Report::Accrued { commodity, book, amount, .. } => {
                let transfer = Transfer { commodity: *commodity, from: Book::Receivables, to: *book, amount: *amount };
                self.post(&Entry::new(transfer))?;
            }
            Report::Split { instrument, ratio, .. } => self.split(*instrument, *ratio)?,
            Report::Converted { from, given, to, got, .. } => self.convert((*from, *given), (*to, *got))?,
            _ => {}
        }
        Ok(None)
    }
}
