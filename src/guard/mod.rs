//! Who may come in, and how much of it: the checks that need no game.
//!
//! Everything here is pure or a count: time and addresses are arguments. The
//! session's upgrade and its inbound side ask; nothing here answers a peer.

mod admission;
mod ban_file;
mod bans;
mod forwarded;
mod keys;
mod origin;
mod permits;
mod rate;
mod readiness;
mod tls;
mod token;

pub use admission::Admission;
pub use ban_file::{BadBans, Moment};
pub use bans::{Ban, Bans, Culprit, MAX_BANS};
pub use forwarded::{Contradiction, client_address};
pub use keys::{Keys, NotTaken};
pub use origin::origin_allowed;
pub use permits::{Denied, Permit, Permits};
pub use rate::{Bucket, Meter, Quota, Rate, Verdict};
pub use readiness::Readiness;
pub use tls::{BadCertificate, Tls, TlsStream, speaks_tls};
pub use token::{BadKeys, Grant, Identity, NotSigned, Rejected, Tokens, is_account};
