//! All connections of one thread, looked at in turns.
//!
//! An input is used at the next tick and not before, so nothing is woken when it
//! arrives: every few milliseconds the hub asks once which sockets are ready and reads
//! them all. Rooms leave what they have for the connections at the thread's post, which
//! wakes it once, however many they are. Where a connection has a lane the hub does what
//! is to be done itself; all else is left to the connection's driver.
//!
//! It is empty as long as there are no connections, and then nothing is looked at.

use super::socket::Socket;
use crate::post::{Batch, Item, Place, Post};
use mio::{Events, Poll as Poller, Registry, Token};
use slab::Slab;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};
use tokio::time::Sleep;

/// How long an arrival may lie in the kernel. The runtime's timers add up to a
/// millisecond.
const PACE: Duration = Duration::from_millis(3);

/// How many sockets are looked at, and how many are written to, before other tasks of
/// the thread have their turn: about a millisecond.
const SLICE: usize = 256;

/// See the module's doc. One per thread; clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Hub(Rc<OnceCell<Inner>>);

#[derive(Debug)]
struct Inner {
    poller: RefCell<Poller>,
    registry: Registry,
    seats: RefCell<Slab<Taken>>,
    post: Arc<Post>,
    /// Whether there is a task that looks.
    is_watched: Cell<bool>,
}

/// A seat and who sits there.
#[derive(Debug)]
struct Taken {
    number: u32,
    socket: Rc<RefCell<Socket>>,
}

impl Inner {
    fn new() -> io::Result<Self> {
        let poller = Poller::new()?;
        Ok(Self {
            registry: poller.registry().try_clone()?,
            poller: RefCell::new(poller),
            seats: RefCell::default(),
            post: Arc::default(),
            is_watched: Cell::new(false),
        })
    }

    fn socket(&self, key: usize) -> Option<Rc<RefCell<Socket>>> {
        let seats = self.seats.borrow();
        seats.get(key).map(|taken| Rc::clone(&taken.socket))
    }

    /// The same, unless the seat is another's by now.
    fn socket_of(&self, key: usize, number: u32) -> Option<Rc<RefCell<Socket>>> {
        let seats = self.seats.borrow();
        let taken = seats.get(key).filter(|taken| taken.number == number)?;
        Some(Rc::clone(&taken.socket))
    }
}

impl Hub {
    /// Takes a connection's socket, for as long as the seat is kept.
    ///
    /// # Errors
    /// If the system refuses to watch it.
    pub(super) fn seat(&self, mut socket: Socket) -> io::Result<(Rc<RefCell<Socket>>, Seat)> {
        if self.0.get().is_none() {
            // Nobody else could have set it: there is one thread.
            let _ = self.0.set(Inner::new()?);
        }
        let inner = self.0.get().ok_or(io::ErrorKind::Other)?;
        let mut seats = inner.seats.borrow_mut();
        let entry = seats.vacant_entry();
        let key = entry.key();
        socket.io.tcp_mut().pace(&inner.registry, Token(key))?;
        let place = Place::new(Arc::clone(&inner.post), key);
        socket.knock = Waker::from(Arc::new(Knock(place.clone())));
        let socket = Rc::new(RefCell::new(socket));
        entry.insert(Taken {
            number: place.number,
            socket: Rc::clone(&socket),
        });
        let hub = self.clone();
        if !inner.is_watched.replace(true) {
            actix_rt::spawn(Watch::new(hub.clone()));
        }
        Ok((socket, Seat { hub, place }))
    }
}

/// A connection's place; dropping it gives it up.
#[derive(Debug)]
pub(super) struct Seat {
    hub: Hub,
    pub(super) place: Place,
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(inner) = self.hub.0.get() {
            // The kernel forgets the socket when it is closed.
            inner.seats.borrow_mut().try_remove(self.place.key);
        }
    }
}

/// Rings for one connection. If its seat is another's by then, that one is looked at
/// for nothing.
struct Knock(Place);

impl Wake for Knock {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.post.put(Item::Ring(self.0.key));
    }
}

/// The task that looks, as long as there is a connection.
struct Watch {
    hub: Hub,
    timer: Pin<Box<Sleep>>,
    events: Events,
    /// Sockets that are not yet read to their end.
    unread: Vec<usize>,
    /// Fetched from the post.
    items: VecDeque<Item>,
    /// What is being sent, and how many of its letters were.
    sending: Option<(Box<Batch>, usize)>,
}

impl Watch {
    fn new(hub: Hub) -> Self {
        Self {
            hub,
            timer: Box::pin(tokio::time::sleep(PACE)),
            events: Events::with_capacity(SLICE),
            unread: Vec::new(),
            items: VecDeque::new(),
            sending: None,
        }
    }

    /// Reads what has become ready. `true` if there may be more.
    fn read(&mut self, inner: &Inner) -> bool {
        let Self { events, unread, .. } = self;
        let now = Instant::now();
        for key in std::mem::take(unread) {
            if let Some(socket) = inner.socket(key)
                && socket.borrow_mut().receive(now)
            {
                unread.push(key);
            }
        }
        // It fails only if a signal interrupts it, and then there is a next time.
        let _ = inner.poller.borrow_mut().poll(events, Some(Duration::ZERO));
        let mut found = 0;
        for event in events.iter() {
            found += 1;
            let Token(key) = event.token();
            if let Some(socket) = inner.socket(key) {
                let mut socket = socket.borrow_mut();
                socket.ready(event);
                if socket.receive(now) && !unread.contains(&key) {
                    unread.push(key);
                }
            }
        }
        found == SLICE
    }

    /// Delivers what lies at the post, a slice of it; `true` if there is more.
    fn deliver(&mut self, inner: &Inner, waker: &Waker) -> bool {
        for _ in 0..SLICE {
            if !self.deliver_one(inner) {
                inner.post.take(&mut self.items, waker);
                if self.items.is_empty() {
                    return false;
                }
            }
        }
        true
    }

    /// `false` if there is nothing left of what was fetched.
    fn deliver_one(&mut self, inner: &Inner) -> bool {
        if let Some((mut batch, sent)) = self.sending.take() {
            let Some((letter, bytes)) = batch.letter(sent) else {
                batch.go_home();
                return true;
            };
            if let Some(socket) = inner.socket_of(letter.key, letter.number) {
                socket.borrow_mut().send(letter, bytes);
            }
            self.sending = Some((batch, sent + 1));
            return true;
        }
        match self.items.pop_front() {
            Some(Item::Batch(batch)) => self.sending = Some((batch, 0)),
            Some(Item::Ring(key)) => {
                if let Some(socket) = inner.socket(key) {
                    socket.borrow_mut().deliver();
                }
            }
            None => return false,
        }
        true
    }
}

impl Future for Watch {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let hub = this.hub.clone();
        let Some(inner) = hub.0.get() else {
            return Poll::Ready(());
        };
        if inner.seats.borrow().is_empty() {
            inner.is_watched.set(false);
            return Poll::Ready(());
        }
        if this.timer.as_mut().poll(context).is_ready() {
            let is_more = this.read(inner);
            let wait = if is_more { Duration::ZERO } else { PACE };
            this.timer.as_mut().reset((Instant::now() + wait).into());
            if this.timer.as_mut().poll(context).is_ready() {
                context.waker().wake_by_ref();
            }
        }
        if this.deliver(inner, context.waker()) {
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}
