//! A client that behaves: tokio-tungstenite and the protocol crate.

use super::soon;
use downbeat_protocol::arena::{ArenaWire, Input};
use downbeat_protocol::message::{Hello, Welcome, schema_hash};
use downbeat_protocol::{ClientMessage, PROTOCOL_VERSION, Seq, ServerMessage, Tick, codec};
use futures_util::{SinkExt, StreamExt};
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

/// How a connection ended, as its client saw it.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    /// The bye's code, if there was a bye.
    pub bye: Option<u16>,
    /// The close frame's code; `None` for a close frame without one.
    pub code: Option<u16>,
}

impl Ended {
    /// Bye and close frame with the same code, as the server ends a session.
    pub fn told(code: u16) -> Self {
        Self {
            bye: Some(code),
            code: Some(code),
        }
    }
}

/// See the module's doc.
pub struct Client<S = TcpStream> {
    pub socket: WebSocketStream<S>,
    /// The answer to the upgrade.
    pub response: Response,
}

impl Client {
    /// Connects, with these additional headers.
    ///
    /// # Errors
    /// As tungstenite has it; a refusal is `Error::Http`.
    pub async fn try_connect(
        address: SocketAddr,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Self::over(stream, address, path, headers).await
    }

    /// Connects to `path` without further ado.
    pub async fn connect(address: SocketAddr, path: &str) -> Self {
        Self::try_connect(address, path, &[]).await.unwrap()
    }

    /// Connects to the default room and gets its welcome.
    pub async fn join(address: SocketAddr) -> Self {
        let mut client = Self::connect(address, "/ws").await;
        client.say(&ClientMessage::Hello(hello("ada"))).await;
        client.welcome().await;
        client
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Upgrades a stream of bytes, with these additional headers.
    ///
    /// # Errors
    /// As tungstenite has it; a refusal is `Error::Http`.
    pub async fn over(
        stream: S,
        address: SocketAddr,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let mut request = format!("ws://{address}{path}").into_client_request()?;
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).unwrap();
            request.headers_mut().append(*name, value);
        }
        let handshake = tokio_tungstenite::client_async(request, stream);
        let (socket, response) = soon("the handshake", handshake).await?;
        Ok(Self { socket, response })
    }

    /// Sends a message of the protocol.
    pub async fn say(&mut self, message: &ClientMessage<Input>) {
        self.send(codec::encode(message).unwrap()).await;
    }

    /// Sends a binary message.
    pub async fn send(&mut self, bytes: Vec<u8>) {
        self.send_frame(Message::Binary(bytes.into())).await;
    }

    /// Sends a frame.
    pub async fn send_frame(&mut self, message: Message) {
        soon("sending", self.socket.send(message)).await.unwrap();
    }

    /// The next frame; `None` after the end.
    pub async fn frame(&mut self) -> Option<Message> {
        match soon("a frame", self.socket.next()).await {
            Some(Ok(message)) => Some(message),
            None | Some(Err(Error::ConnectionClosed)) => None,
            Some(Err(error)) => panic!("unclean: {error}"),
        }
    }

    /// The next message of the protocol.
    pub async fn hear(&mut self) -> ServerMessage<ArenaWire> {
        match self.frame().await {
            Some(Message::Binary(bytes)) => codec::decode(&bytes).unwrap(),
            other => panic!("expected a message, got {other:?}"),
        }
    }

    /// The next message, which must be a welcome.
    pub async fn welcome(&mut self) -> Welcome<ArenaWire> {
        match self.hear().await {
            ServerMessage::Welcome(welcome) => welcome,
            other => panic!("expected a welcome, got {other:?}"),
        }
    }

    /// Sends a ping and waits for its pong: both directions work.
    pub async fn ping(&mut self, nonce: u32) {
        let received = Tick(0);
        self.say(&ClientMessage::Ping { nonce, received }).await;
        loop {
            if let ServerMessage::Pong { nonce: answer } = self.hear().await {
                assert_eq!(answer, nonce, "the pong is another ping's");
                return;
            }
        }
    }

    /// Reads until the end, which must be clean on the WebSocket and on TCP.
    pub async fn end(&mut self) -> Ended {
        let mut bye = None;
        loop {
            match self.frame().await {
                Some(Message::Binary(bytes)) => {
                    if let Ok(ServerMessage::Bye { code, .. }) =
                        codec::decode::<ServerMessage<ArenaWire>>(&bytes)
                    {
                        bye = Some(code);
                    }
                }
                Some(Message::Close(close)) => {
                    let code = close.map(|close| u16::from(close.code));
                    assert!(self.frame().await.is_none(), "frames after the close");
                    return Ended { bye, code };
                }
                Some(_) => {}
                None => panic!("ended without a close frame"),
            }
        }
    }

    /// Closes with this code and no text.
    pub async fn close(&mut self, code: u16) {
        let close = CloseFrame {
            code: CloseCode::from(code),
            reason: "".into(),
        };
        soon("closing", self.socket.close(Some(close)))
            .await
            .unwrap();
    }
}

/// A hello that is let in.
pub fn hello(name: &str) -> Hello {
    Hello {
        version: PROTOCOL_VERSION,
        schema: schema_hash::<ArenaWire>(),
        room: String::new(),
        name: name.into(),
        token: None,
        resume: None,
    }
}

/// An input with this number.
pub fn input(seq: u32) -> ClientMessage<Input> {
    ClientMessage::Input {
        seq: Seq(seq),
        tick: Tick(0),
        received: Tick(0),
        input: Input::default(),
    }
}
