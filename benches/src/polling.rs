//! Why WebSocket: the same state by HTTP polling, by long-polling, and pushed.
//!
//! Owns a small actix-web server of its own and clients on blocking sockets, which
//! count every byte of the streams in both directions and compare the time at which
//! an update was made, which it carries, with that at which they have it. Requests
//! have the headers that a browser's `fetch` sends. TCP's and IP's own headers are
//! not counted; polling has at least twice as many packets.

use actix_web::rt::System;
use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context, Result, anyhow};
use downbeat_bench::wire;
use hdrhistogram::Histogram;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Clients of each kind at the same time.
const CLIENTS: usize = 20;
/// Updates per second, and polls.
const RATE: u32 = 20;

/// What one way costs.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) name: &'static str,
    /// Bytes from the server, per update that arrived.
    pub(crate) down: f64,
    /// Bytes to the server, per update that arrived.
    pub(crate) up: f64,
    /// Updates per second and client.
    pub(crate) rate: f64,
    /// Age of an update when it arrives, in milliseconds: median and 99th
    /// percentile.
    pub(crate) age_ms: [f64; 2],
}

/// An update: when it was made and what it says. Its first eight bytes on the wire
/// are the time.
type Update = (Duration, Arc<Vec<u8>>);

/// Measures all three for `window`, with updates of the bytes of `payload` (at least
/// 8).
///
/// # Errors
/// If a socket fails.
pub(crate) fn compare(payload: &[u8], window: Duration) -> Result<Vec<Way>> {
    let start = Instant::now();
    let (publish, updates) = watch::channel((Duration::ZERO, Arc::new(payload.to_vec())));
    let stop = Arc::new(AtomicBool::new(false));
    let maker = {
        let stop = Arc::clone(&stop);
        let mut payload = payload.to_vec();
        thread::spawn(move || {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                let due = start + Duration::from_secs(1) * number / RATE;
                thread::sleep(due.saturating_duration_since(Instant::now()));
                let now = start.elapsed();
                payload[..8].copy_from_slice(&(now.as_nanos() as u64).to_le_bytes());
                publish.send_replace((now, Arc::new(payload.clone())));
            }
        })
    };
    let http = serve_http(updates.clone())?;
    let socket = serve_socket(updates)?;

    let ways = [
        ("HTTP polling", Kind::Poll, http),
        ("HTTP long-polling", Kind::LongPoll, http),
        ("WebSocket", Kind::Socket, socket),
    ];
    let measured = ways.map(|(name, kind, address)| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                // Polls that all come right after an update would flatter polling.
                let phase = Duration::from_secs(1) / RATE * number as u32 / CLIENTS as u32;
                thread::spawn(move || Client::connect(kind, address, start)?.measure(window, phase))
            })
            .collect();
        let mut all = Client::nothing()?;
        for client in clients {
            let one = client.join().map_err(|_| anyhow!("a client panicked"))??;
            all.add(&one)?;
        }
        anyhow::Ok(all.way(name, window))
    });
    stop.store(true, Ordering::Relaxed);
    maker.join().map_err(|_| anyhow!("the updates ended"))?;
    measured.into_iter().collect()
}

/// `/poll` answers at once with the newest update, `/wait` with the next one.
fn serve_http(updates: watch::Receiver<Update>) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let answer = |update: &Update| {
        HttpResponse::Ok()
            .content_type("application/octet-stream")
            .insert_header(("cache-control", "no-store"))
            .body(update.1.to_vec())
    };
    let app = move || {
        App::new()
            .app_data(web::Data::new(updates.clone()))
            .route(
                "/poll",
                web::get().to(
                    move |updates: web::Data<watch::Receiver<Update>>| async move {
                        answer(&updates.borrow())
                    },
                ),
            )
            .route(
                "/wait",
                web::get().to(
                    move |updates: web::Data<watch::Receiver<Update>>| async move {
                        let mut updates = updates.get_ref().clone();
                        updates.mark_unchanged();
                        // It fails only when there will be no more updates.
                        let _ = updates.changed().await;
                        answer(&updates.borrow())
                    },
                ),
            )
    };
    thread::spawn(move || {
        System::new().block_on(async move {
            let server = HttpServer::new(app).workers(1).disable_signals();
            server.listen(listener)?.run().await
        })
    });
    Ok(address)
}

/// Pushes each update to every socket, from one thread each.
fn serve_socket(updates: watch::Receiver<Update>) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let mut sockets = Vec::new();
        for _ in 0..CLIENTS {
            let mut socket = listener.accept()?.0;
            socket.set_nodelay(true)?;
            let mut head = vec![0; 4096];
            let read = socket.read(&mut head)?;
            socket.write_all(&wire::upgrade_answer(&head[..read]).context("no upgrade")?)?;
            sockets.push(socket);
        }
        let mut updates = updates;
        let mut frame = Vec::new();
        while runtime.block_on(updates.changed()).is_ok() {
            frame.clear();
            wire::put_frame(&updates.borrow_and_update().1, &mut frame);
            // Whoever is gone is written to in vain.
            sockets.retain_mut(|socket| socket.write_all(&frame).is_ok());
        }
        Ok(())
    });
    Ok(address)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Poll,
    LongPoll,
    Socket,
}

/// One client and what it has counted.
struct Client {
    kind: Kind,
    stream: Option<TcpStream>,
    request: String,
    start: Instant,
    buffer: Vec<u8>,
    down: u64,
    up: u64,
    /// Ages of updates in microseconds.
    ages: Histogram<u64>,
}

impl Client {
    fn connect(kind: Kind, address: SocketAddr, start: Instant) -> Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let path = match kind {
            Kind::Poll => "/poll",
            Kind::LongPoll => "/wait",
            Kind::Socket => "/ws",
        };
        if kind == Kind::Socket {
            stream.write_all(wire::upgrade_request(&address.to_string(), path).as_bytes())?;
            let mut byte = [0];
            let mut head = Vec::new();
            while wire::head_len(&head).is_none() {
                stream.read_exact(&mut byte)?;
                head.push(byte[0]);
            }
        }
        let request = browser_request(path, address);
        Ok(Self {
            kind,
            stream: Some(stream),
            request,
            start,
            ..Self::nothing()?
        })
    }

    fn nothing() -> Result<Self> {
        Ok(Self {
            kind: Kind::Poll,
            stream: None,
            request: String::new(),
            start: Instant::now(),
            buffer: Vec::new(),
            down: 0,
            up: 0,
            ages: Histogram::new(3)?,
        })
    }

    fn measure(mut self, window: Duration, phase: Duration) -> Result<Self> {
        let begin = Instant::now();
        let mut polls = 0;
        let mut newest = 0;
        while begin.elapsed() < window {
            if self.kind == Kind::Poll {
                polls += 1;
                let due = begin + phase + Duration::from_secs(1) * polls / RATE;
                thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            let made = self.update()?;
            // A poll may find what it has seen already: bytes, but no update.
            if made > newest {
                newest = made;
                let age = self.start.elapsed().as_nanos() as u64 - made;
                self.ages.record(age / 1000)?;
            }
        }
        Ok(self)
    }

    /// The next update's time of making, in nanoseconds.
    fn update(&mut self) -> Result<u64> {
        let stream = self.stream.as_mut().context("not connected")?;
        if self.kind != Kind::Socket {
            stream.write_all(self.request.as_bytes())?;
            self.up += self.request.len() as u64;
        }
        let mut scratch = [0; 16 << 10];
        loop {
            let found = match self.kind {
                Kind::Socket => wire::frame(&self.buffer).map(|frame| {
                    let head = frame.len - frame.payload.len();
                    (head, frame.len)
                }),
                _ => http_answer(&self.buffer)?,
            };
            if let Some((head, len)) = found {
                let time = self.buffer.get(head..head + 8);
                let time = time.context("an update without a time")?.try_into()?;
                self.buffer.drain(..len);
                return Ok(u64::from_le_bytes(time));
            }
            let read = stream.read(&mut scratch)?;
            anyhow::ensure!(read > 0, "the server closed the connection");
            self.down += read as u64;
            self.buffer.extend_from_slice(&scratch[..read]);
        }
    }

    fn add(&mut self, other: &Self) -> Result<()> {
        self.down += other.down;
        self.up += other.up;
        self.ages.add(&other.ages)?;
        Ok(())
    }

    fn way(&self, name: &'static str, window: Duration) -> Way {
        let updates = self.ages.len() as f64;
        let age = |quantile| self.ages.value_at_quantile(quantile) as f64 / 1000.0;
        Way {
            name,
            down: self.down as f64 / updates,
            up: self.up as f64 / updates,
            rate: updates / window.as_secs_f64() / CLIENTS as f64,
            age_ms: [age(0.5), age(0.99)],
        }
    }
}

/// The head's length and the whole length of the HTTP answer at the front of
/// `bytes`, if it is there in whole.
fn http_answer(bytes: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some(head) = wire::head_len(bytes) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&bytes[..head])?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>())
    });
    let len = head + length.context("no length")??;
    Ok((bytes.len() >= len).then_some((head, len)))
}

/// What Chromium's `fetch` sends to the page's own origin.
fn browser_request(path: &str, address: SocketAddr) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: keep-alive\r\n\
         sec-ch-ua-platform: \"Linux\"\r\n\
         User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/140.0.0.0 Safari/537.36\r\n\
         sec-ch-ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"\r\nsec-ch-ua-mobile: ?0\r\n\
         Accept: */*\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n\
         Sec-Fetch-Dest: empty\r\nReferer: http://{address}/\r\n\
         Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n\r\n"
    )
}
