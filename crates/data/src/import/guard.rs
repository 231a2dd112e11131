//! The readers of Parquet and Arrow panic on some damaged files, where a length in them points outside. Found by
//! `cargo xtask fuzz imports::import_columns`; here that is damage like any other.
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use super::fault::ImportFault;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs a step of a reader of `format`. What it leaves behind after a panic is not used again.
pub(super) fn guarded<T>(format: &'static str, step: impl FnOnce() -> T) -> Result<T, ImportFault> {
    static HOOK: Once = Once::new();
    // Nothing is printed of a panic that becomes an answer; of all others as before.
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                before(panic);
            }
        }));
    });
    let outer = QUIET.replace(true);
    let done = catch_unwind(AssertUnwindSafe(step));
    QUIET.set(outer);
    done.map_err(|_| ImportFault::Damaged(format, "a length in it points outside".to_owned()))
}
