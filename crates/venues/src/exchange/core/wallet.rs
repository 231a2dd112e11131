//! Who has how much of which asset. Nothing appears and nothing vanishes: what users have, the house owes.
use std::collections::BTreeMap;

use qframe_model::currency::Currency;
use qframe_model::number::{Cash, Overflow};

/// What one user has of one asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// May be spent.
    pub free: Cash,
    /// Stands behind open orders.
    pub locked: Cash,
}

/// The balances of one user.
pub type Wallet = BTreeMap<Currency, Balance>;

/// The wallets of all users, and the house that every payment comes from or goes to: it is the market that users trade
/// with, and it takes the commissions. For each asset everything sums to zero.
#[derive(Debug, Clone, Default)]
pub struct Wallets {
    users: Vec<Wallet>,
    house: BTreeMap<Currency, Cash>,
}

impl Wallets {
    /// A user with nothing.
    pub(super) fn open(&mut self) -> usize {
        self.users.push(Wallet::new());
        self.users.len() - 1
    }

    /// What a user has.
    #[must_use]
    pub fn of(&self, user: usize) -> Option<&Wallet> {
        self.users.get(user)
    }

    /// What a user has of one asset.
    #[must_use]
    pub fn balance(&self, user: usize, asset: Currency) -> Balance {
        self.of(user).and_then(|wallet| wallet.get(&asset)).copied().unwrap_or_default()
    }

    /// Everything of an asset: users and house together. Always zero.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    pub fn sum(&self, asset: Currency) -> Result<Cash, Overflow> {
        let house = self.house.get(&asset).copied().unwrap_or(Cash::ZERO);
        let balances = self.users.iter().filter_map(|wallet| wallet.get(&asset));
        balances.into_iter().try_fold(house, |sum, balance| sum.plus(balance.free)?.plus(balance.locked))
    }

    /// The house pays a user; negative, the user pays from what is free.
    pub(super) fn pay(&mut self, user: usize, asset: Currency, amount: Cash) -> Result<(), Overflow> {
        let paid = |old: Balance| Ok(Balance { free: old.free.plus(amount)?, ..old });
        self.change(user, asset, paid, amount)
    }

    /// The user pays the house from what is locked.
    pub(super) fn spend(&mut self, user: usize, asset: Currency, amount: Cash) -> Result<(), Overflow> {
        let spent = |old: Balance| Ok(Balance { locked: old.locked.minus(amount)?, ..old });
        self.change(user, asset, spent, -amount)
    }

    /// Puts free money behind an order (negative: takes it back). False where there is too little.
    pub(super) fn lock(&mut self, user: usize, asset: Currency, amount: Cash) -> Result<bool, Overflow> {
        if self.balance(user, asset).free < amount {
            return Ok(false);
        }
        let moved = |old: Balance| Ok(Balance { free: old.free.minus(amount)?, locked: old.locked.plus(amount)? });
        self.change(user, asset, moved, Cash::ZERO).map(|()| true)
    }

    /// Changes a balance; the house gives `from_house`. Both or nothing.
    fn change(
        &mut self,
        user: usize,
        asset: Currency,
        change: impl Fn(Balance) -> Result<Balance, Overflow>,
        from_house: Cash,
    ) -> Result<(), Overflow> {
        let house = self.house.get(&asset).copied().unwrap_or(Cash::ZERO).minus(from_house)?;
        let Some(wallet) = self.users.get_mut(user) else { return Ok(()) };
        let balance = wallet.entry(asset).or_default();
        *balance = change(*balance)?;
        self.house.insert(asset, house);
        Ok(())
    }
}
