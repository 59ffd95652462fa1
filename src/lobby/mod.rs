//! Which rooms exist and where their worlds run.

use crate::game::Profile;
use crate::world::MemberLink;
use actix::Message;
use downbeat_protocol::{Reason, ResumeToken};

/// A session's wish to enter a room. The answer comes through the link: a welcome,
/// or an end with a reason.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Enter<I> {
    /// The room's name; empty for the default room.
    pub room: String,
    /// Who wants in.
    pub profile: Profile,
    /// The right to a player left behind.
    pub resume: Option<ResumeToken>,
    /// The room's end of the link.
    pub link: MemberLink<I>,
}

/// The server is going: end every session in every room with this reason, and let
/// nobody in any more.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Drain(pub Reason);
