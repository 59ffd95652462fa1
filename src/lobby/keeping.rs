//! How rooms outlive the process: saved in a drain, restored at the start.
//!
//! Owns the order of it. A save is used once: its file goes as soon as its room runs and
//! the server listens, so that a crash later does not bring back a world that has moved
//! on; a server that does not come as far leaves all as it was. A file that cannot be
//! loaded is set aside, and the server starts without that room.

use super::Lobby;
use super::shelf::Shelf;

use crate::game::Game;
use crate::world::{BadSave, End, NotSaved, Part, Parted, Saved};
use actix::{Addr, Context, Handler, MailboxError, Message, ResponseFuture};
use downbeat_protocol::Reason;
use futures_util::future::join_all;
use std::io;
use std::time::Duration;
use tokio::task::spawn_blocking;

/// The server is going: end every session in every room with this reason, spread over
/// a part of the drain time, and let nobody in any more. The answer comes at once, or
/// if rooms are saved, when they are.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), Unsaved>")]
pub struct Drain(pub Reason);

/// Rooms could not be saved; the log says which and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} rooms could not be saved")]
pub struct Unsaved(pub usize);

/// The server has started: what was restored is no longer needed where it lay.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Settle;

/// How long each session adds to a drain: at most a thousand a second are sent away,
/// unless the drain is too short for that.
const PARTING: Duration = Duration::from_millis(1);

/// Why a file is no room.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error("it cannot be read: {0}")]
    File(#[from] io::Error),
    #[error(transparent)]
    Save(#[from] BadSave),
    #[error("max_rooms is {0}")]
    NoPlace(usize),
}

/// Why a room is not on the shelf.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error(transparent)]
    Room(#[from] NotSaved),
    #[error("the room failed: {0}")]
    Gone(#[from] MailboxError),
    #[error("it cannot be written: {0}")]
    File(#[from] io::Error),
}

impl<G: Game> Lobby<G> {
    /// Opens the rooms that lie on the shelf.
    pub(super) fn restore(&mut self, me: &Addr<Self>) {
        let Some(shelf) = self.shelf.clone() else {
            return;
        };
        let rooms = shelf.rooms().unwrap_or_else(|error| {
            tracing::error!(%error, "cannot look for saved rooms");
            Vec::new()
        });
        for room in rooms {
            let file = shelf.file(&room);
            let file = file.display();
            let cause = match self.load(&shelf, &room) {
                Ok(saved) => {
                    let (players, tick) = (saved.players(), saved.tick());
                    tracing::info!(room, players, %tick, "room restored");
                    let entry = self.open(&room, Some(saved), me);
                    self.rooms.insert(room.clone(), entry);
                    self.restored.push(room);
                    continue;
                }
                Err(cause) => cause,
            };
            match shelf.set_aside(&room) {
                Ok(aside) => {
                    let aside = aside.display();
                    tracing::error!(%file, %cause, %aside, "saved room not restored, set aside");
                }
                Err(error) => {
                    tracing::error!(%file, %cause, %error, "saved room not restored, nor set aside");
                }
            }
        }
    }

    fn load(&self, shelf: &Shelf, room: &str) -> Result<Saved<G>, Unfit> {
        let saved = Saved::read(&shelf.read(room)?, &self.stamp(room))?;
        match self.settings.max_rooms {
            most if self.rooms.len() >= most => Err(Unfit::NoPlace(most)),
            _ => Ok(saved),
        }
    }
}

impl<G: Game> Handler<Settle> for Lobby<G> {
    type Result = ();

    fn handle(&mut self, Settle: Settle, _: &mut Context<Self>) {
        let Some(shelf) = &self.shelf else { return };
        for room in self.restored.drain(..) {
            if let Err(error) = shelf.remove(&room) {
                let file = shelf.file(&room);
                let file = file.display();
                tracing::error!(%file, %error, "cannot remove, after a crash this room would come again");
            }
        }
    }
}

impl<G: Game> Handler<Drain> for Lobby<G> {
    type Result = ResponseFuture<Result<(), Unsaved>>;

    fn handle(&mut self, Drain(reason): Drain, _: &mut Context<Self>) -> Self::Result {
        let sockets = u32::try_from(self.telemetry.sockets.get()).unwrap_or(0);
        let over = (PARTING * sockets).min(self.settings.drain / 2);
        let end = End {
            // Everybody waits equally long, so that they return as spread as they went.
            retry_after_ms: self.settings.retry_after_ms(reason, over),
            ..reason.into()
        };
        let part = Part {
            end: end.clone(),
            over,
        };
        self.draining = Some(end);
        let Some(shelf) = self.shelf.clone() else {
            for entry in self.rooms.values() {
                entry.world.do_send(part.clone());
            }
            return Box::pin(async { Ok(()) });
        };
        let kept = self.rooms.iter().map(|(room, entry)| {
            let parted = entry.world.send(part.clone());
            keep(shelf.clone(), room.clone(), parted)
        });
        let kept = join_all(kept.collect::<Vec<_>>());
        Box::pin(async move {
            let kept = kept.await;
            match kept.iter().filter(|is_safe| !**is_safe).count() {
                0 => Ok(()),
                lost => Err(Unsaved(lost)),
            }
        })
    }
}

/// Waits for a room's end and saves it; `false` if something is lost.
async fn keep(
    shelf: Shelf,
    room: String,
    parted: impl Future<Output = Result<Parted, MailboxError>>,
) -> bool {
    let file = shelf.file(&room);
    let file = file.display();
    let name = room.clone();
    let kept = async {
        let Some(bytes) = parted.await?? else {
            return Ok(None);
        };
        let size = bytes.len();
        // Writing may take its time, and here the signals are heard.
        let put = spawn_blocking(move || shelf.put(&name, &bytes));
        put.await.map_err(io::Error::other)??;
        Ok::<_, Lost>(Some(size))
    };
    match kept.await {
        Ok(Some(bytes)) => {
            tracing::info!(room, %file, bytes, "room saved");
            true
        }
        Ok(None) => true,
        Err(cause) => {
            tracing::error!(room, %file, %cause, "room not saved");
            false
        }
    }
}
