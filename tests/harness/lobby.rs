//! A lobby with one room that has no game: it welcomes, tells the number of each
//! input back as a pong, and can be made to talk without end.

use actix::{Actor, AsyncContext, Context, Handler};
use bytes::Bytes;
use downbeat::game::Leave;
use downbeat::lobby::{Drain, Enter, Unsaved};
use downbeat::world::{Mail, MemberLink};
use downbeat_protocol::arena::{ArenaWire, Input, Rules};
use downbeat_protocol::message::Welcome;
use downbeat_protocol::{PlayerId, Reason, ResumeToken, Seq, ServerMessage, Tick, codec};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a test sees and steers of the lobby.
#[derive(Debug, Default)]
pub struct Desk {
    /// Room and name of everyone who came in.
    pub entered: Vec<(String, String)>,
    /// The account of the last who came in.
    pub account: Option<String>,
    /// How players left.
    pub left: Vec<Leave>,
    /// Inputs in all.
    pub inputs: u32,
    /// Members now.
    pub members: usize,
    /// Bytes of the snapshot that everyone gets whenever he has taken the last.
    pub snapshot: usize,
    /// Ends everybody once.
    pub end: Option<Reason>,
    /// Drops everybody's link once.
    pub fail: bool,
}

/// See the module's doc.
pub struct TestLobby {
    desk: Arc<Mutex<Desk>>,
    members: Vec<MemberLink<Input>>,
}

impl TestLobby {
    pub fn new(desk: Arc<Mutex<Desk>>) -> Self {
        Self {
            desk,
            members: Vec::new(),
        }
    }

    fn tick(&mut self, _: &mut Context<Self>) {
        let mut desk = self.desk.lock().unwrap();
        if let Some(reason) = desk.end.take() {
            self.members.iter().for_each(|member| member.end(reason));
        }
        if std::mem::take(&mut desk.fail) {
            self.members.clear();
        }
        self.members.retain(|member| {
            let mut mail = Mail::default();
            member.swap(&mut mail);
            for input in mail.inputs {
                desk.inputs += 1;
                member.event(message(&ServerMessage::Pong { nonce: input.seq.0 }));
            }
            if desk.snapshot > 0 && member.is_free() {
                member.snapshot(Bytes::from(vec![0xEE; desk.snapshot]));
            }
            desk.left.extend(mail.leave);
            mail.leave.is_none()
        });
        desk.members = self.members.len();
    }
}

impl Actor for TestLobby {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.run_interval(Duration::from_millis(2), Self::tick);
    }
}

impl Handler<Enter<Input>> for TestLobby {
    type Result = ();

    fn handle(&mut self, enter: Enter<Input>, _: &mut Self::Context) {
        let welcome = Welcome {
            player: PlayerId(1),
            tick: Tick(0),
            applied: Seq(0),
            tick_rate: 30,
            snapshot_rate: 30,
            room: enter.room.clone(),
            name: enter.profile.name.clone(),
            resume: ResumeToken([0; 16]),
            rules: Rules::new(30, 1000),
        };
        enter.link.event(message(&ServerMessage::Welcome(welcome)));
        let mut desk = self.desk.lock().unwrap();
        desk.account = enter.profile.account;
        desk.entered.push((enter.room, enter.profile.name));
        self.members.push(enter.link);
    }
}

impl Handler<Drain> for TestLobby {
    type Result = Result<(), Unsaved>;

    fn handle(&mut self, drain: Drain, _: &mut Self::Context) -> Self::Result {
        self.members.iter().for_each(|member| member.end(drain.0));
        Ok(())
    }
}

fn message(message: &ServerMessage<ArenaWire>) -> Bytes {
    codec::encode(message).unwrap().into()
}
