//! A client that sends whatever it likes, byte by byte.

use super::soon;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

pub const FIN: u8 = 0x80;
pub const CONTINUATION: u8 = 0;
pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

/// See the module's doc.
pub struct Raw {
    pub stream: TcpStream,
    /// Read, and not yet looked at.
    unread: Vec<u8>,
}

impl Raw {
    /// A TCP connection, without a request. A `receive_buffer` bounds what the
    /// kernel takes for it.
    pub async fn open(address: SocketAddr, receive_buffer: Option<u32>) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes).unwrap();
        }
        let stream = soon("connecting", socket.connect(address)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    /// An upgraded connection to the default room.
    pub async fn connect(address: SocketAddr) -> Self {
        Self::open(address, None).await.upgraded().await
    }

    /// Upgrades.
    pub async fn upgraded(mut self) -> Self {
        self.send(request("GET", "/ws", &[]).as_bytes()).await;
        let head = self.head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "not upgraded: {head}");
        self
    }

    /// Sends bytes; the peer may be gone already.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = soon("sending", self.stream.write_all(bytes)).await;
    }

    /// Sends a good frame.
    pub async fn frame(&mut self, first: u8, payload: &[u8]) {
        self.send(&frame(first, payload)).await;
    }

    /// The head of an HTTP response.
    pub async fn head(&mut self) -> String {
        loop {
            let end = self.unread.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                let head: Vec<u8> = self.unread.drain(..end + 4).collect();
                return String::from_utf8(head).unwrap();
            }
            assert!(self.read().await, "the response ended early");
        }
    }

    /// All that follows, until the end of the stream.
    pub async fn rest(&mut self) -> Vec<u8> {
        while self.read().await {}
        std::mem::take(&mut self.unread)
    }

    /// The next frame's first byte and payload; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some(frame) = self.parse() {
                return Some(frame);
            }
            if !self.read().await {
                return None;
            }
        }
    }

    /// Reads until the close frame; its code. `None` if there was none, or without
    /// a code.
    pub async fn close_code(&mut self) -> Option<u16> {
        while let Some((first, payload)) = self.next().await {
            if first == FIN | CLOSE {
                let code = payload.first_chunk()?;
                return Some(u16::from_be_bytes(*code));
            }
        }
        None
    }

    /// Whether anything came before the end of the stream.
    async fn read(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match soon("bytes or the end", self.stream.read(&mut buffer)).await {
            Ok(0) | Err(_) => false,
            Ok(length) => {
                self.unread.extend_from_slice(&buffer[..length]);
                true
            }
        }
    }

    fn parse(&mut self) -> Option<(u8, Vec<u8>)> {
        let (first, second) = (*self.unread.first()?, *self.unread.get(1)?);
        assert_eq!(second & 0x80, 0, "a server does not mask");
        let (start, length) = match second {
            126 => (
                4,
                u16::from_be_bytes(*self.unread[2..].first_chunk()?) as usize,
            ),
            127 => (
                10,
                u64::from_be_bytes(*self.unread[2..].first_chunk()?) as usize,
            ),
            length => (2, length as usize),
        };
        if self.unread.len() < start + length {
            return None;
        }
        let frame: Vec<u8> = self.unread.drain(..start + length).collect();
        Some((first, frame[start..].to_vec()))
    }
}

/// An upgrade request with these additional headers.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request + "\r\n"
}

/// A masked frame, as a client sends it.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [0xA5, 0x00, 0xFF, 0x17];
    let mut out = vec![first];
    match payload.len() {
        length @ 0..=125 => out.push(0x80 | length as u8),
        length @ 126..=0xFFFF => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&key);
    out.extend(payload.iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k));
    out
}
