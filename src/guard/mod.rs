//! Who may come in, and how much of it: the checks that need no game.
//!
//! Everything here is pure or a count: time and addresses are arguments. The
//! session's upgrade and its inbound side ask; nothing here answers a peer.

mod forwarded;
mod origin;
mod permits;
mod rate;
mod readiness;

pub use forwarded::{Contradiction, client_address};
pub use origin::origin_allowed;
pub use permits::{Denied, Permit, Permits};
pub use rate::{Bucket, Meter, Quota, Rate, Verdict};
pub use readiness::Readiness;
