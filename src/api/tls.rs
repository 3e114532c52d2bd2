//! Why a TLS connection failed, as a sentence, and what to do about it.

use std::io;

use rustls::{CertificateError as Bad, Error};

/// Why a connection could not be secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsReason {
    /// The certificate's issuer is not trusted by this machine.
    UnknownIssuer,
    /// The certificate belongs to a certificate authority, which must not be used by a server.
    SelfSigned,
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate is for another name.
    WrongName,
    /// The other end does not speak TLS on this port.
    NotTls,
    Other,
}

impl TlsReason {
    /// The reason behind an error, and a sentence about it.
    pub(crate) fn of(error: &Error) -> (Self, String) {
        let reason = match error {
            Error::InvalidCertificate(certificate) => match certificate {
                Bad::Expired | Bad::ExpiredContext { .. } => Self::Expired,
                Bad::NotValidYet | Bad::NotValidYetContext { .. } => Self::NotYetValid,
                Bad::NotValidForName | Bad::NotValidForNameContext { .. } => Self::WrongName,
                // The type behind it comes from a crate below rustls.
                Bad::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => Self::SelfSigned,
                Bad::UnknownIssuer | Bad::BadSignature | Bad::Other(_) => Self::UnknownIssuer,
                _ => Self::Other,
            },
            Error::InvalidMessage(_) => Self::NotTls,
            _ => Self::Other,
        };
        let sentence = match reason {
            Self::UnknownIssuer => {
                "the server's certificate comes from an authority that is not trusted here"
            }
            Self::SelfSigned => {
                "the server's certificate is that of an authority (self-signed, CA:TRUE), which no server may show as its own"
            }
            Self::Expired => "the server's certificate has expired",
            Self::NotYetValid => "the server's certificate is not valid yet; is the clock right?",
            Self::WrongName => "the server's certificate is for another host name",
            Self::NotTls => "the server does not speak TLS there; is its URL an http:// one?",
            Self::Other => return (reason, error.to_string()),
        };
        (reason, sentence.to_owned())
    }

    /// Like [`Self::of`], for an error from a handshake.
    pub(crate) fn of_handshake(error: &io::Error) -> (Self, String) {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(cause) => Self::of(cause),
            None => match error.kind() {
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
                    (Self::NotTls, error.to_string())
                }
                _ => (Self::Other, error.to_string()),
            },
        }
    }

    /// What to do about it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::UnknownIssuer => {
                "for a private certificate authority give its file with --ca-cert or SSL_CERT_FILE; `keybench doctor` shows the chain"
            }
            Self::SelfSigned => {
                "no --ca-cert helps here: the server needs a certificate with CA:FALSE; until it has one, --insecure goes without any check"
            }
            Self::Expired => {
                "check this machine's clock; if it is right, the workbench's administrators must renew it"
            }
            Self::NotYetValid => "check this machine's clock, then the server's certificate",
            Self::WrongName => {
                "check the host in the URL; if it is right, the workbench's administrators need a certificate for that host"
            }
            Self::NotTls => "check scheme and port of the URL",
            Self::Other => {
                "check what stands between (a proxy, inspection of TLS); `keybench doctor` shows the chain"
            }
        }
    }
}
