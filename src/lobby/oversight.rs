//! The operators' questions and orders, passed on to the rooms they are meant for.

use super::Lobby;
use crate::game::Game;
use crate::world::{Close, End, Evict, Inspect, Inspection};
use actix::{Context, Handler, Message, ResponseFuture};
use futures_util::future::join_all;

/// Who is in this room? `None` if there is no such room, or it is gone before it
/// answers.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Option<Inspection>")]
pub struct InspectRoom(pub String);

/// Ends sessions for good, in one room or in all of them; answers how many, `None`
/// if there is no such room.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Option<usize>")]
pub struct EvictFrom {
    /// Where; everywhere if `None`.
    pub room: Option<String>,
    /// Whom, and what they are told.
    pub evict: Evict,
}

/// Ends a room with all its sessions; `false` if there is none of that name. The
/// next who asks for it gets a new one.
#[derive(Clone, Debug, Message)]
#[rtype(result = "bool")]
pub struct CloseRoom {
    /// Which one.
    pub room: String,
    /// What its players are told.
    pub end: End,
}

impl<G: Game> Handler<InspectRoom> for Lobby<G> {
    type Result = ResponseFuture<Option<Inspection>>;

    fn handle(&mut self, InspectRoom(room): InspectRoom, _: &mut Context<Self>) -> Self::Result {
        let asked = self.rooms.get(&room).map(|entry| entry.world.send(Inspect));
        Box::pin(async move { asked?.await.ok() })
    }
}

impl<G: Game> Handler<EvictFrom> for Lobby<G> {
    type Result = ResponseFuture<Option<usize>>;

    fn handle(&mut self, order: EvictFrom, _: &mut Context<Self>) -> Self::Result {
        let EvictFrom { room, evict } = order;
        let is_meant = |name: &String| room.as_ref().is_none_or(|room| room == name);
        let meant = self.rooms.iter().filter(|(name, _)| is_meant(name));
        let sent: Vec<_> = meant
            .map(|(_, entry)| entry.world.send(evict.clone()))
            .collect();
        if room.is_some() && sent.is_empty() {
            return Box::pin(async { None });
        }
        Box::pin(async move {
            let answers = join_all(sent).await;
            Some(answers.into_iter().flatten().sum())
        })
    }
}

impl<G: Game> Handler<CloseRoom> for Lobby<G> {
    type Result = bool;

    fn handle(&mut self, CloseRoom { room, end }: CloseRoom, _: &mut Context<Self>) -> bool {
        let entry = self.forget(&room);
        if let Some(entry) = &entry {
            entry.world.do_send(Close(end));
        }
        entry.is_some()
    }
}
