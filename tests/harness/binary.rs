//! The binary as a process on a free port; killed when the test is over.

use super::PATIENCE;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::Instant;

/// See the module's doc.
pub struct Binary {
    child: Child,
    log: BufReader<ChildStderr>,
    /// What it has logged up to its start line.
    pub head: String,
    pub address: SocketAddr,
}

impl Binary {
    /// The command, without any of the environment of the tests.
    pub fn command() -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_downbeat"));
        command.env_clear();
        command
    }

    /// Starts it with these flags and variables, and waits until it listens.
    pub fn start(flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Self::command()
            .args(["--bind", "127.0.0.1:0"])
            .args(flags)
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut head = String::new();
        let address = loop {
            let mut line = String::new();
            let read = log.read_line(&mut line).unwrap();
            assert!(read > 0, "it ended before its start line: {head}");
            head.push_str(&line);
            if let Some(at) = line.find("listening on ws") {
                let url = line[at..].split("://").nth(1).unwrap();
                break url.split('/').next().unwrap().parse().unwrap();
            }
        };
        Self {
            child,
            log,
            head,
            address,
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(status.unwrap().success(), "kill -s {name}");
    }

    /// Waits for its end; its exit status and all it has logged.
    pub fn end(mut self) -> (ExitStatus, String) {
        let mut log = std::mem::take(&mut self.head);
        self.log.read_to_string(&mut log).unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, log);
            }
            assert!(Instant::now() < deadline, "it did not end");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
