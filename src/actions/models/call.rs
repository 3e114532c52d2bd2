//! One call of a model, prepared as a whole before anything is sent.

use serde::de::IgnoredAny;
use serde_json::Deserializer;

use super::{Error, full_name};
use crate::actions::sign_in;
use crate::config::Session;
use crate::diagnosis::{self, Diagnosis, Subject};
use crate::probe::{self, CallError, CallResult, ModelCallTarget, ModelRequest, Transport, TransportOptions};
use crate::secret::ApiKey;
use crate::wire::Model;

/// Brackets of a description that are tried for an example.
const TRIES: usize = 20;

/// Which key a call shows to the model.
#[derive(Debug, Clone, Default)]
pub enum KeyChoice {
    /// The one that the session is signed in with, where the model asks for one: a model without
    /// authentication is not shown it.
    #[default]
    Own,
    /// The one that the session is signed in with, whatever the model asks for.
    SignedIn,
    This(ApiKey),
    Nothing,
}

/// A call that is ready to be sent, once or many times.
#[derive(Debug, Clone)]
pub struct ModelCall {
    pub session: Session,
    pub model: Model,
    pub key: Option<ApiKey>,
    pub request: ModelRequest,
    pub transport: Transport,
}

impl ModelCall {
    /// Sends nothing. Without a `request` the example in the model's description is taken.
    ///
    /// # Errors
    /// There is no request, or no way to the model service.
    pub fn new(
        session: &Session,
        model: Model,
        key: &KeyChoice,
        request: Option<ModelRequest>,
    ) -> Result<Self, Error> {
        let request = match request {
            Some(request) => request,
            None => {
                let example = example(&model.description);
                ModelRequest::parse(example.ok_or_else(|| Error::NoExample { model: full_name(&model) })?)?
            }
        };
        let own = session.client.key();
        let key = match key {
            KeyChoice::Own => own.filter(|_| model.auth_enabled).cloned(),
            KeyChoice::SignedIn => own.cloned(),
            KeyChoice::This(key) => Some(key.clone()),
            KeyChoice::Nothing => None,
        };
        Ok(Self { session: session.clone(), model, key, request, transport: transport(session)? })
    }

    /// The same call with another key.
    pub fn with_key(&self, key: ApiKey) -> Self {
        Self { key: Some(key), ..self.clone() }
    }

    /// Where the model answers.
    pub fn target(&self) -> ModelCallTarget {
        ModelCallTarget {
            url: self.session.client.model_url().to_owned(),
            access_key: self.model.access_key.clone(),
        }
    }

    /// Calls the model once.
    pub async fn send(&self) -> CallResult {
        probe::call(&self.transport, &self.target(), self.key.as_ref(), &self.request).await
    }

    /// Why a call failed, and what mends it.
    pub async fn diagnose(&self, result: &CallResult) -> Diagnosis {
        let subject = Subject {
            model: self.model.clone(),
            target: self.target(),
            key: self.key.clone(),
            signed_in: sign_in::username(&self.session).await.ok(),
        };
        let facts = diagnosis::gather(&self.session.client, &subject, result).await;
        diagnosis::diagnose(result, &facts)
    }
}

/// The way to the model service, with the time for a call that the command line gives.
///
/// # Errors
/// A certificate or a proxy cannot be used.
pub fn transport(session: &Session) -> Result<Transport, CallError> {
    let mut options = TransportOptions::from(session.client.options());
    options.timeout = session.model_timeout.unwrap_or(options.timeout);
    Transport::new(options)
}

/// The first JSON object or array in a model's description, as it is written there: where people
/// put an example request.
pub fn example(description: &str) -> Option<&str> {
    description.match_indices(['{', '[']).take(TRIES).find_map(|(at, _)| {
        let mut values = Deserializer::from_str(&description[at..]).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        description.get(at..at + values.byte_offset())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_stands_somewhere_in_the_description() {
        assert_eq!(example(r#"{"a":3,"b":5}"#), Some(r#"{"a":3,"b":5}"#));
        assert_eq!(example(r#"Adds {two} numbers: {"a": [1]}."#), Some(r#"{"a": [1]}"#));
        assert_eq!(example(r#"{"rows": [{"x": 1}]}"#), Some(r#"{"rows": [{"x": 1}]}"#));
        assert_eq!(example(r#"cut {"a": "#), None);
        assert_eq!(example("no example"), None);
    }
}
