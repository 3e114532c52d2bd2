//! Passes requests of another program on, unchanged.

use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderName};
use reqwest::{Method, Url};

use super::Error;
use super::transport::Client;

/// The largest answer that is passed on, in bytes.
const ANSWER_LIMIT: usize = 64 << 20;
/// Longer than a model call takes, including its wait for a replica.
const TIME: Duration = Duration::from_secs(120);

/// Headers that apply to one connection only (RFC 9110, 7.6.1), that name the route, or that set
/// the encoding: the recording needs readable bodies.
const OF_THE_WAY: [HeaderName; 10] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::HOST,
    header::CONTENT_LENGTH,
    header::ACCEPT_ENCODING,
];

/// An answer that was passed on.
pub struct Forwarded {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Client {
    /// Passes a request on to the workbench, or to its model service if `path` is `/model`. It
    /// carries no key except the one it came with.
    ///
    /// # Errors
    /// Connection failures only; any answer of the workbench is a success here.
    pub async fn forward(
        &self,
        method: Method,
        path_and_query: &str,
        headers: &HeaderMap,
        body: Vec<u8>,
    ) -> Result<Forwarded, Error> {
        let (path, query) = path_and_query
            .split_once('?')
            .map_or((path_and_query, None), |(path, query)| (path, Some(query)));
        let unreadable = |_| Error::invalid("the path of the request cannot be read", "");
        let mut url = if path == "/model" {
            Url::parse(self.model_url()).map_err(unreadable)?
        } else {
            Url::parse(&format!("{}{path}", self.url())).map_err(unreadable)?
        };
        url.set_query(query);
        let mut request = self.reqwest()?.request(method, url).timeout(TIME).body(body);
        for (name, value) in headers.iter().filter(|(name, _)| !OF_THE_WAY.contains(name)) {
            request = request.header(name, value);
        }
        let failed = |error: reqwest::Error| Error::from_transport("forward", &error);
        let mut answer = request.send().await.map_err(failed)?;
        let status = answer.status().as_u16();
        let mut headers = std::mem::take(answer.headers_mut());
        OF_THE_WAY.iter().for_each(|name| drop(headers.remove(name)));
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            if body.len() + piece.len() > ANSWER_LIMIT {
                return Err(Error::invalid("the answer is larger than 64 MiB", ""));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Forwarded { status, headers, body })
    }
}
