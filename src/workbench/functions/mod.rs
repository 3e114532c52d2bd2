//! The built-in functions, so that a model can be called without Python and without a project file:
//! the demo models, and stand-ins for other people's tests.
//!
//! A build names one with the kernel `builtin` and the function's name.

mod churn;
mod flaky;
mod score;

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

/// The kernel of a build that names a function of this module.
pub const KERNEL: &str = "builtin";

/// A built-in function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Builtin {
    Add,
    Churn,
    Slow,
    Flaky,
    Score,
    Echo,
}

/// The result of a call.
#[derive(Debug)]
pub enum Reply {
    /// The returned value.
    Now(Box<RawValue>),
    /// The returned value, after a delay.
    After(Duration, Box<RawValue>),
    /// The function raised an error; the text goes to the replica's log, not to the caller.
    Raised(String),
}

impl Builtin {
    /// The function with this name.
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// Its name, as in a build's `function_name`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Calls the function. Cheap and never blocking: a delay is returned, not waited for.
    pub fn call(self, request: &RawValue) -> Reply {
        let result = match self {
            Self::Add => add(request),
            Self::Churn => read(request).and_then(|features| churn::predict(&features)),
            Self::Slow => match read(request).and_then(sleep_time) {
                Ok((time, answer)) => return result_of(&answer, |raw| Reply::After(time, raw)),
                Err(raised) => Err(raised),
            },
            Self::Flaky => read(request).and_then(|wish| flaky::answer(&wish)),
            Self::Score => read(request).map(|payment| score::decide(&payment)),
            Self::Echo => return Reply::Now(request.to_owned()),
        };
        match result {
            Ok(value) => result_of(&value, Reply::Now),
            Err(raised) => Reply::Raised(raised),
        }
    }
}

fn result_of(value: &Value, reply: impl FnOnce(Box<RawValue>) -> Reply) -> Reply {
    match to_raw_value(value) {
        Ok(raw) => reply(raw),
        Err(error) => Reply::Raised(error.to_string()),
    }
}

fn read<'a, T: Deserialize<'a>>(request: &'a RawValue) -> Result<T, String> {
    serde_json::from_str(request.get()).map_err(|error| format!("the request cannot be used: {error}"))
}

#[derive(Deserialize)]
struct Sum {
    a: serde_json::Number,
    b: serde_json::Number,
}

/// `{"a":3,"b":5}` → `8`; whole numbers stay whole.
fn add(request: &RawValue) -> Result<Value, String> {
    let Sum { a, b } = read(request)?;
    let whole = a.as_i64().zip(b.as_i64()).and_then(|(a, b)| a.checked_add(b));
    if let Some(sum) = whole {
        return Ok(json!(sum));
    }
    let sum = a.as_f64().zip(b.as_f64()).map(|(a, b)| a + b);
    sum.filter(|sum| sum.is_finite()).map(|sum| json!(sum)).ok_or_else(|| "the sum is too large".to_owned())
}

#[derive(Deserialize)]
struct Sleep {
    /// Milliseconds.
    ms: f64,
}

/// `{"ms":N}` → `N`, after that many milliseconds.
fn sleep_time(sleep: Sleep) -> Result<(Duration, Value), String> {
    let time = Duration::try_from_secs_f64(sleep.ms / 1000.0).map_err(|error| error.to_string())?;
    let whole = sleep.ms.fract() == 0.0 && sleep.ms < 1e15;
    // A whole number below 1e15 has an exact i64.
    Ok((time, if whole { json!(sleep.ms as i64) } else { json!(sleep.ms) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(function: Builtin, request: &str) -> Reply {
        function.call(serde_json::from_str(request).unwrap())
    }

    pub(super) fn answer(function: Builtin, request: &str) -> Value {
        match call(function, request) {
            Reply::Now(raw) => serde_json::from_str(raw.get()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn add_keeps_whole_numbers_whole() {
        assert_eq!(answer(Builtin::Add, r#"{"a":3,"b":5}"#), json!(8));
        assert_eq!(answer(Builtin::Add, r#"{"a":0.5,"b":-2}"#), json!(-1.5));
        assert_eq!(
            answer(Builtin::Add, r#"{"a":9223372036854775807,"b":1}"#),
            json!(9_223_372_036_854_775_808.0_f64)
        );
    }

    #[test]
    fn requests_that_fit_no_function_raise() {
        for (function, request) in [
            (Builtin::Add, "null"),
            (Builtin::Add, r#"{"a":"3","b":5}"#),
            (Builtin::Add, r#"{"a":1e308,"b":1e308}"#),
            (Builtin::Slow, r#"{"ms":-1}"#),
            (Builtin::Slow, r#"{"ms":1e300}"#),
            (Builtin::Churn, r#"{"tenure_months":"long"}"#),
            (Builtin::Flaky, r#"{"p":2}"#),
            (Builtin::Score, r#"{"ammount":1}"#),
        ] {
            assert!(matches!(call(function, request), Reply::Raised(_)), "{function:?} {request}");
        }
    }

    #[test]
    fn slow_answers_the_time_it_sleeps() {
        let Reply::After(time, raw) = call(Builtin::Slow, r#"{"ms":250}"#) else { panic!() };
        assert_eq!((time, raw.get()), (Duration::from_millis(250), "250"));
    }

    #[test]
    fn echo_answers_its_request_to_the_letter() {
        let request = r#"{"big": 123456789012345678901234567890, "x": [ 1.0 ]}"#;
        let Reply::Now(raw) = call(Builtin::Echo, request) else { panic!() };
        assert_eq!(raw.get(), request);
    }

    #[test]
    fn names_lead_to_functions_and_back() {
        for &function in <Builtin as strum::VariantArray>::VARIANTS {
            assert_eq!(Builtin::named(function.name()), Some(function));
        }
        assert_eq!(Builtin::Flaky.name(), "flaky");
        assert_eq!(Builtin::named("predict"), None);
    }
}
