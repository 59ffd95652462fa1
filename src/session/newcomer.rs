//! Whoever has not said hello yet: what is known of him, and what his hello leads to.
//!
//! Sans-IO. The session's conduct has one until the hello, and then no more.

use super::inbound;
use super::rules::Rules;
use crate::game::Profile;
use crate::guard::{Ban, Identity, Permit};
use crate::lobby::Enter;
use crate::post::Place;
use crate::world::{End, LinkLimits, Role, SessionLink, link};
use downbeat_protocol::message::Hello;
use downbeat_protocol::{Reason, Wire};
use std::net::IpAddr;
use std::time::Instant;

/// The session's end of somebody's link, and what the lobby is to get.
pub(super) type Entering<I> = (SessionLink<I>, Enter<I>);

/// See the module's doc.
#[derive(Debug)]
pub(super) struct Newcomer {
    /// The room that the path named.
    pub(super) room: Option<String>,
    /// Where he comes from.
    pub(super) address: IpAddr,
    /// Where his connection is found; `None`: nowhere, as in tests.
    pub(super) place: Option<Place>,
    /// When he came.
    pub(super) opened: Instant,
}

impl Newcomer {
    /// His first message, and what it leads to.
    ///
    /// # Errors
    /// Why he does not get in.
    pub(super) fn hello<W: Wire>(
        &self,
        rules: &Rules,
        bytes: &[u8],
        now: Instant,
    ) -> Result<Entering<W::Input>, End> {
        let (hello, role) = inbound::hello::<W>(bytes)?;
        let room = inbound::room(self.room.as_deref(), &hello.room)?;
        let profile = self.profile(rules, &hello, &room, now)?;
        let body = match role {
            Role::Player => Some(self.body(rules)?),
            Role::Spectator => None,
        };
        let limits = LinkLimits {
            inputs: rules.settings.inbox,
            events: rules.settings.outbox,
        };
        let (mine, theirs) = link(limits, self.place.clone());
        let enter = Enter {
            room,
            profile,
            resume: hello.resume,
            role,
            address: self.address,
            body,
            link: theirs,
        };
        Ok((mine, enter))
    }

    /// Who says hello, as far as he must prove it, unless he is banned.
    fn profile(
        &self,
        rules: &Rules,
        hello: &Hello,
        room: &str,
        now: Instant,
    ) -> Result<Profile, End> {
        let room = match room {
            "" => &rules.settings.default_room,
            named => named,
        };
        let identity = rules
            .admission
            .identify(hello.token.as_deref(), room)
            .map_err(|rejected| End {
                text: Some(rejected.to_string()),
                ..rejected.reason().into()
            })?;
        let (account, name) = match identity {
            Some(Identity { account, name }) => (Some(account), name),
            None => (None, None),
        };
        let bans = rules.admission.bans();
        if let Some(ban) = bans.find(self.address, account.as_deref(), now) {
            return Err(banned(ban, now));
        }
        Ok(Profile {
            name: inbound::clean_name(name.as_deref().unwrap_or(&hello.name)),
            account,
        })
    }

    /// A place for his body, in whichever room.
    fn body(&self, rules: &Rules) -> Result<Permit, End> {
        rules.admission.body(self.address).map_err(|_| End {
            text: Some("too many players from this address, try again later".to_owned()),
            ..Reason::Full.into()
        })
    }
}

/// How who is banned is told so.
fn banned(ban: Ban, now: Instant) -> End {
    let left = ban.until.saturating_duration_since(now).as_millis();
    End {
        reason: Reason::Banned,
        text: ban.text,
        retry_after_ms: u32::try_from(left).ok(),
    }
}
