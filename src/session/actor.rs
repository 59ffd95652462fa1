//! The actor of one socket: carries out what the session's conduct decides.
//!
//! A thin shell: it knows the actor system, and nothing of the protocol. It owns the
//! session's life; what happens at every tick goes through the session's lane.

use super::conduct::{Conduct, Step};
use super::lane::Shared;
use crate::config::Settings;
use crate::guard::{Admission, Readiness};
use crate::lobby::Enter;
use crate::post::Place;
use crate::websocket::{Context, Counted, Line};
use crate::world::End;
use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Handler, Recipient, SpawnHandle,
    StreamHandler, WrapFuture,
};
use actix_http::ws::{Message, ProtocolError};
use downbeat_protocol::{Reason, Wire};
use std::cell::{OnceCell, RefCell, RefMut};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// See the module's doc.
pub(super) struct Session<W: Wire> {
    shared: Rc<Shared<W>>,
    line: Rc<Line>,
    lobby: Recipient<Enter<W::Input>>,
    readiness: Readiness,
    /// Waits for a drain, as long as no room would tell.
    drain_wait: Option<SpawnHandle>,
    _counted: Counted,
}

impl<W: Wire> Session<W> {
    pub(super) fn new(
        settings: Arc<Settings>,
        admission: Arc<Admission>,
        room: Option<String>,
        (line, place): (Rc<Line>, Place),
        lobby: Recipient<Enter<W::Input>>,
        readiness: Readiness,
    ) -> Self {
        let (address, now) = (line.peer().ip(), Instant::now());
        let conduct = Conduct::new(settings, admission, room, address, Some(place), now);
        Self {
            shared: Rc::new(Shared {
                conduct: RefCell::new(conduct),
                actor: OnceCell::new(),
            }),
            _counted: Counted::new(&line.telemetry.sessions),
            line,
            lobby,
            readiness,
            drain_wait: None,
        }
    }

    /// What its lane needs.
    pub(super) fn shared(&self) -> Rc<Shared<W>> {
        Rc::clone(&self.shared)
    }

    fn conduct(&self) -> RefMut<'_, Conduct<W>> {
        self.shared.conduct.borrow_mut()
    }

    fn perform(&mut self, step: Step<W::Input>, context: &mut Context<Self>) {
        match step {
            Step::Nothing => {}
            Step::Dropped { first } => {
                self.line.telemetry.messages_dropped.inc();
                if first {
                    tracing::warn!(peer = %self.line.peer(), "too many messages, dropped");
                }
            }
            Step::Send(message) => context.write_raw(message),
            Step::Enter(enter) => self.enter(enter, context),
            Step::End(reason, last) => {
                self.line.end(reason);
                for message in last {
                    context.write_raw(message);
                }
                context.stop();
            }
        }
    }

    fn enter(&mut self, enter: Enter<W::Input>, context: &mut Context<Self>) {
        if let Some(waiting) = self.drain_wait.take() {
            context.cancel_future(waiting);
        }
        if let Some(reason) = self.readiness.draining() {
            let step = self.conduct().drained(reason);
            return self.perform(step, context);
        }
        // If the lobby is gone the room's end is dropped with the message, which
        // ends the session with a reason.
        self.lobby.do_send(enter);
    }

    fn end(&mut self, end: impl Into<End>, context: &mut Context<Self>) {
        let step = self.conduct().end(end);
        self.perform(step, context);
    }

    /// One timer per session, for whatever it may wait too long for.
    fn watch(&mut self, context: &mut Context<Self>) {
        let watched = self.conduct().watch(Instant::now());
        match watched {
            Ok(step) => self.perform(step, context),
            Err(left) => {
                context.run_later(left, Self::watch);
            }
        }
    }
}

impl<W: Wire> Actor for Session<W> {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        // Set once, here.
        let _ = self.shared.actor.set(context.address().recipient());
        let first_watch = self.conduct().first_watch();
        context.run_later(first_watch, Self::watch);
        let drained = self.readiness.drained().into_actor(self);
        let drained = drained.map(|reason, session, context| {
            if session.conduct().is_waiting() {
                let step = session.conduct().drained(reason);
                session.perform(step, context);
            }
        });
        self.drain_wait = Some(context.spawn(drained));
    }
}

/// What the peer sends.
impl<W: Wire> StreamHandler<Result<Message, ProtocolError>> for Session<W> {
    fn handle(&mut self, frame: Result<Message, ProtocolError>, context: &mut Self::Context) {
        let step = match frame {
            Ok(frame) => self.conduct().frame(frame, Instant::now()),
            // What was not noticed on the way is the parser's own complaint. It must
            // end here: asked again, it would complain for ever.
            Err(_) => {
                let violation = self.line.violation();
                self.conduct()
                    .end(violation.unwrap_or(Reason::ProtocolError))
            }
        };
        self.perform(step, context);
    }

    fn finished(&mut self, context: &mut Self::Context) {
        self.end(Reason::LinkLost, context);
    }
}

/// The room ends it.
impl<W: Wire> Handler<End> for Session<W> {
    type Result = ();

    fn handle(&mut self, end: End, context: &mut Self::Context) {
        self.end(end, context);
    }
}
