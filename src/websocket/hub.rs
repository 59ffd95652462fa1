//! All connections of one thread, looked at in turns.
//!
//! An input is used at the next tick and not before, so nothing is woken when it
//! arrives: every few milliseconds the hub asks once which sockets are ready and reads
//! them all. Rooms ring a bell when they have something for a connection, which wakes
//! the thread once, however many they are. Where a connection has a lane the hub does
//! what is to be done itself; all else is left to the connection's driver.
//!
//! It is empty as long as there are no connections, and then nothing is looked at.

use super::socket::Socket;
use mio::{Events, Poll as Poller, Registry, Token};
use slab::Slab;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    seats: RefCell<Slab<Rc<RefCell<Socket>>>>,
    bell: Arc<Bell>,
    /// Whether there is a task that looks.
    is_watched: Cell<bool>,
}

impl Inner {
    fn new() -> io::Result<Self> {
        let poller = Poller::new()?;
        Ok(Self {
            registry: poller.registry().try_clone()?,
            poller: RefCell::new(poller),
            seats: RefCell::default(),
            bell: Arc::default(),
            is_watched: Cell::new(false),
        })
    }

    fn socket(&self, key: usize) -> Option<Rc<RefCell<Socket>>> {
        self.seats.borrow().get(key).cloned()
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
        socket.knock = Waker::from(Arc::new(Knock {
            bell: Arc::clone(&inner.bell),
            key,
        }));
        let socket = Rc::new(RefCell::new(socket));
        entry.insert(Rc::clone(&socket));
        let hub = self.clone();
        if !inner.is_watched.replace(true) {
            actix_rt::spawn(Watch::new(hub.clone()));
        }
        Ok((socket, Seat { hub, key }))
    }
}

/// A connection's place; dropping it gives it up.
#[derive(Debug)]
pub(super) struct Seat {
    hub: Hub,
    key: usize,
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(inner) = self.hub.0.get() {
            // The kernel forgets the socket when it is closed.
            inner.seats.borrow_mut().try_remove(self.key);
        }
    }
}

/// Which connections somebody has something for; rung from any thread.
#[derive(Debug, Default)]
struct Bell(Mutex<Rung>);

#[derive(Debug, Default)]
struct Rung {
    keys: VecDeque<usize>,
    listener: Option<Waker>,
}

impl Bell {
    fn ring(&self, key: usize) {
        let mut rung = self.lock();
        rung.keys.push_back(key);
        let listener = rung.listener.take();
        drop(rung);
        if let Some(listener) = listener {
            listener.wake();
        }
    }

    /// Exchanges what was rung for `keys`, which are empty; wakes when there was
    /// nothing and then is.
    fn take(&self, keys: &mut VecDeque<usize>, listener: &Waker) {
        let mut rung = self.lock();
        if rung.keys.is_empty() {
            rung.listener = Some(listener.clone());
        }
        std::mem::swap(&mut rung.keys, keys);
    }

    fn lock(&self) -> MutexGuard<'_, Rung> {
        // Nothing under the lock can panic half way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rings for one connection. If its seat is another's by then, that one is looked at
/// for nothing.
struct Knock {
    bell: Arc<Bell>,
    key: usize,
}

impl Wake for Knock {
    fn wake(self: Arc<Self>) {
        self.bell.ring(self.key);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.bell.ring(self.key);
    }
}

/// The task that looks, as long as there is a connection.
struct Watch {
    hub: Hub,
    timer: Pin<Box<Sleep>>,
    events: Events,
    /// Sockets that are not yet read to their end.
    unread: Vec<usize>,
    rung: VecDeque<usize>,
}

impl Watch {
    fn new(hub: Hub) -> Self {
        Self {
            hub,
            timer: Box::pin(tokio::time::sleep(PACE)),
            events: Events::with_capacity(SLICE),
            unread: Vec::new(),
            rung: VecDeque::new(),
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
        let mut left = SLICE;
        loop {
            if this.rung.is_empty() {
                inner.bell.take(&mut this.rung, context.waker());
            }
            let Some(key) = this.rung.pop_front() else {
                return Poll::Pending;
            };
            if let Some(socket) = inner.socket(key) {
                socket.borrow_mut().deliver();
            }
            left -= 1;
            if left == 0 {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }
}
