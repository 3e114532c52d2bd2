//! Learning from a real workbench: a program's requests pass through here, and what the answers say
//! where keybench only guesses is noted.
//!
//! Noted are operations, statuses, names of settings that speak of expiry, forms of dates and ids, and
//! texts that keybench knows already. Nothing else of a body is kept, and of calls of models nothing but
//! how they failed.

mod file;
mod learn;
mod shape;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Router, routing::any};
use tokio::net::TcpListener;

use crate::api::Client;
pub use learn::{Exchange, Finding, Observations, Verdict};

/// The largest request that is passed on, in bytes.
const REQUEST_LIMIT: usize = 64 << 20;

/// Why nothing can be observed.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    #[error(
        "{0} can be reached from other machines; observe listens on the loopback only, such as 127.0.0.1:8643"
    )]
    Remote(SocketAddr),
    #[error(
        "cannot listen on {listen}: {source}; choose another address with --through, port 0 takes a free one"
    )]
    Listen { listen: SocketAddr, source: std::io::Error },
}

/// What stands between a program and a workbench.
pub struct Observer {
    listener: TcpListener,
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    seen: Mutex<Observations>,
}

impl Observer {
    /// Listens; nothing is passed on before [`Observer::run`].
    ///
    /// # Errors
    /// [`ObserveError`]
    pub async fn listen(client: Client, listen: SocketAddr) -> Result<Self, ObserveError> {
        if !listen.ip().is_loopback() {
            return Err(ObserveError::Remote(listen));
        }
        let listener =
            TcpListener::bind(listen).await.map_err(|source| ObserveError::Listen { listen, source })?;
        Ok(Self { listener, shared: Arc::new(Shared { client, seen: Mutex::default() }) })
    }

    /// Where the program has to look for the workbench.
    pub fn url(&self) -> String {
        self.listener.local_addr().map(|at| format!("http://{at}")).unwrap_or_default()
    }

    /// Passes everything on until `end`, and gives what was seen.
    pub async fn run(self, end: impl Future<Output = ()> + Send + 'static) -> Observations {
        let router: Router = Router::new().fallback(any(pass_on)).with_state(self.shared.clone());
        let served: Result<(), Infallible> = {
            let _ = axum::serve(self.listener, router).with_graceful_shutdown(end).await;
            Ok(())
        };
        let Ok(()) = served;
        std::mem::take(&mut *self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn pass_on(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, REQUEST_LIMIT).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "the request is larger than 64 MiB").into_response();
    };
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let answer = shared.client.forward(head.method.clone(), path, &head.headers, body.to_vec()).await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let text = format!("keybench observe has no answer: {error}\n");
            return (StatusCode::BAD_GATEWAY, [(header::CONTENT_TYPE, "text/plain")], text).into_response();
        }
    };
    shared.seen.lock().unwrap_or_else(PoisonError::into_inner).watch(&Exchange {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        authorization: head.headers.get(header::AUTHORIZATION).map(|text| text.to_str().unwrap_or("?")),
        request: &body,
        status: answer.status,
        answer: &answer.body,
    });
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    *response.headers_mut() = answer.headers;
    response
}
