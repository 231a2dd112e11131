//! From our rows to TA-Lib's columns, and the macro that writes a wrapper.

use crate::indicators::{Bars, Ohlcv, Pairs, Row};

/// A row whose fields TA-Lib's functions can name; its columns have methods of the same names.
pub(super) trait Source: Row {
    /// The row, its fields named.
    type Fields;
    fn fields(self) -> Self::Fields;

    /// Runs `read` on rows laid out as columns.
    fn transposed<R>(rows: &[Self], read: impl FnOnce(Self::Columns<'_>) -> R) -> R;
}

/// A single value.
pub(super) struct Single {
    pub(super) value: f64,
}

/// Two values side by side.
pub(super) struct Pair {
    pub(super) left: f64,
    pub(super) right: f64,
}

impl Source for f64 {
    type Fields = Single;

    fn fields(self) -> Single {
        Single { value: self }
    }

    fn transposed<R>(rows: &[f64], read: impl FnOnce(&[f64]) -> R) -> R {
        read(rows)
    }
}

/// A lone column, named as the field of [`Single`].
pub(super) trait Value<'a> {
    fn value(self) -> &'a [f64];
}

impl<'a> Value<'a> for &'a [f64] {
    fn value(self) -> &'a [f64] {
        self
    }
}

fn column<T>(rows: &[T], field: impl Fn(&T) -> f64) -> Vec<f64> {
    rows.iter().map(field).collect()
}

impl Source for (f64, f64) {
    type Fields = Pair;

    fn fields(self) -> Pair {
        Pair { left: self.0, right: self.1 }
    }

    fn transposed<R>(rows: &[Self], read: impl FnOnce(Pairs<'_>) -> R) -> R {
        read(Pairs { left: &column(rows, |row| row.0), right: &column(rows, |row| row.1) })
    }
}

impl Source for Ohlcv {
    type Fields = Self;

    fn fields(self) -> Self {
        self
    }

    fn transposed<R>(rows: &[Self], read: impl FnOnce(Bars<'_>) -> R) -> R {
        read(Bars {
            open: &column(rows, |bar| bar.open),
            high: &column(rows, |bar| bar.high),
            low: &column(rows, |bar| bar.low),
            close: &column(rows, |bar| bar.close),
            volume: &column(rows, |bar| bar.volume),
        })
    }
}

/// Declares wrappers: name and checked parameters; TA-Lib's opener, filler, lookback and stream; the input's type and the fields
/// TA-Lib reads; the arguments that follow them; what comes out (one value, or a struct with its fields in TA-Lib's order).
macro_rules! talib {
    ($(
        $(#[$doc:meta])*
        $name:ident($($parameter:ident: $type:ty = $check:expr),*)
            by $open:ident, $fill:ident, $lookback:ident, $stream:ident
            of $input:ty[$($column:ident),+]($($argument:expr),*) -> $output:ident $({ $($field:ident),+ })?;
    )+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            $($parameter: $type,)*
            warm_up: usize,
            /// Inputs of the warm-up.
            waiting: Vec<$input>,
            stream: Option<ta_lib::$stream>,
        }

        impl $name {
            /// Checks the parameters.
            ///
            /// # Errors
            /// [`ParameterError`] names the parameter that is outside its range, and the range.
            pub fn new($($parameter: $type),*) -> Result<Self, ParameterError> {
                $(let $parameter = $check?;)*
                let lookback = ta_lib::Core::new().$lookback($($argument),*);
                let warm_up = crate::indicators::talib::wrap::checked(lookback) + 1;
                Ok(Self { $($parameter,)* warm_up, waiting: Vec::with_capacity(warm_up), stream: None })
            }

            #[cold]
            fn begin(&mut self, input: $input) -> Option<$output> {
                self.waiting.push(input);
                if self.waiting.len() < self.warm_up {
                    return None;
                }
                $(let $parameter = self.$parameter;)*
                let opened = Source::transposed(&self.waiting, |columns| {
                    ta_lib::Core::new().$open($(columns.$column(),)+ $($argument),*)
                });
                let (stream, value) = crate::indicators::talib::wrap::checked(opened);
                self.waiting.clear();
                self.stream = Some(stream);
                Some(shape!(value, $output $({ $($field),+ })?))
            }
        }

        impl Indicator for $name {
            type Input = $input;
            type Output = $output;

            #[inline]
            fn update(&mut self, input: $input) -> Option<$output> {
                let Some(stream) = &mut self.stream else { return self.begin(input) };
                let fields = Source::fields(input);
                let value = stream.update($(fields.$column),+).ok()?;
                Some(shape!(value, $output $({ $($field),+ })?))
            }

            fn warm_up(&self) -> usize {
                self.warm_up
            }

            fn reset(&mut self) {
                self.waiting.clear();
                self.stream = None;
            }

            fn batch_into(&mut self, columns: ColumnsOf<'_, Self>, out: &mut Vec<$output>) -> usize {
                self.reset();
                out.clear();
                let first = self.warm_up - 1;
                if columns.count() <= first {
                    self.waiting.extend(columns.rows());
                    return first;
                }
                $(let $parameter = self.$parameter;)*
                let count = columns.count() - first;
                let filled = fill!(
                    ta_lib::Core::new(), $fill, [$(columns.$column()),+], ($($argument),*), count, out,
                    $output $({ $($field),+ })?
                );
                self.stream = filled.ok().map(|(stream, _)| stream);
                first
            }
        }
    )+};
}

/// TA-Lib's values as our output.
macro_rules! shape {
    ($value:expr, $output:ident) => {
        $value
    };
    ($value:expr, $output:ident { $($field:ident),+ }) => {{
        let ($($field),+) = $value;
        $output { $($field),+ }
    }};
}

/// TA-Lib's batch with a stream that goes on from it, written to `$out`.
macro_rules! fill {
    ($core:expr, $fill:ident, [$($slice:expr),+], ($($argument:expr),*), $count:ident, $out:ident, $output:ident) => {{
        $out.resize($count, $output::default());
        $core.$fill($($slice,)+ $($argument,)* $out)
    }};
    (
        $core:expr, $fill:ident, [$($slice:expr),+], ($($argument:expr),*), $count:ident, $out:ident,
        $output:ident { $($field:ident),+ }
    ) => {{
        $(let mut $field = vec![0.0; $count];)+
        let filled = $core.$fill($($slice,)+ $($argument,)* $(&mut $field),+);
        $out.extend((0..$count).map(|at| $output { $($field: $field[at]),+ }));
        filled
    }};
}

/// What TA-Lib grants because the parameters, the number of inputs and their finiteness are what it asks for.
pub(super) fn checked<T>(result: Result<T, ta_lib::RetCode>) -> T {
    match result {
        Ok(value) => value,
        Err(code) => unreachable!("TA-Lib refuses checked parameters or finite inputs: {code:?}"),
    }
}
