//! Orders and executions, each numbered from 1 in the order in which they came; nothing is taken out.
use std::collections::{BTreeSet, HashMap};

/// The most orders, and executions, that are kept.
const KEPT_MAX: usize = 1_000_000;

/// What belongs to a user.
pub(in crate::exchange) trait Owned {
    fn user(&self) -> usize;
}

/// An order: its user calls it by a name.
pub(in crate::exchange) trait Named: Owned {
    fn name(&self) -> &str;
}

/// All orders and executions of an exchange.
#[derive(Debug, Clone)]
pub(in crate::exchange) struct Log<O, E> {
    orders: Vec<O>,
    executions: Vec<E>,
    /// The user and the number of each open order.
    open: BTreeSet<(usize, u64)>,
    /// The newest order of each name, by user.
    names: HashMap<usize, HashMap<String, u64>>,
}

impl<O, E> Default for Log<O, E> {
    fn default() -> Self {
        Self { orders: Vec::new(), executions: Vec::new(), open: BTreeSet::new(), names: HashMap::new() }
    }
}

impl<O: Named, E: Owned> Log<O, E> {
    pub(in crate::exchange) const fn is_full(&self) -> bool {
        self.orders.len() >= KEPT_MAX || self.executions.len() >= KEPT_MAX
    }

    /// The number that the next order gets.
    pub(in crate::exchange) const fn next_order(&self) -> u64 {
        self.orders.len() as u64 + 1
    }

    /// The number that the next execution gets.
    pub(in crate::exchange) const fn next_execution(&self) -> u64 {
        self.executions.len() as u64 + 1
    }

    /// Takes in an open order, which has the next number.
    pub(in crate::exchange) fn take(&mut self, order: O) {
        let (id, user) = (self.next_order(), order.user());
        self.names.entry(user).or_default().insert(order.name().to_owned(), id);
        self.open.insert((user, id));
        self.orders.push(order);
    }

    /// Takes in an execution, which has the next number.
    pub(in crate::exchange) fn execute(&mut self, execution: E) {
        self.executions.push(execution);
    }

    /// An order is over.
    pub(in crate::exchange) fn close(&mut self, user: usize, id: u64) {
        self.open.remove(&(user, id));
    }

    pub(in crate::exchange) fn order(&self, id: u64) -> Option<&O> {
        self.orders.get(place(id)?)
    }

    pub(in crate::exchange) fn order_mut(&mut self, id: u64) -> Option<&mut O> {
        self.orders.get_mut(place(id)?)
    }

    /// The newest order of a user by its name.
    pub(in crate::exchange) fn named(&self, user: usize, name: &str) -> Option<&O> {
        self.order(*self.names.get(&user)?.get(name)?)
    }

    /// A user's orders, oldest first.
    pub(in crate::exchange) fn orders(&self, user: usize) -> impl DoubleEndedIterator<Item = &O> {
        self.orders.iter().filter(move |order| order.user() == user)
    }

    /// A user's open orders, oldest first.
    pub(in crate::exchange) fn open(&self, user: usize) -> impl Iterator<Item = &O> {
        self.open.range((user, 0)..=(user, u64::MAX)).filter_map(|(_, id)| self.order(*id))
    }

    /// A user's executions, oldest first.
    pub(in crate::exchange) fn executions(&self, user: usize) -> impl DoubleEndedIterator<Item = &E> {
        self.executions.iter().filter(move |one| one.user() == user)
    }
}

fn place(id: u64) -> Option<usize> {
    usize::try_from(id.checked_sub(1)?).ok()
}
