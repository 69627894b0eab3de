//! A small proxy in front of a registry: it speaks TLS, and fails at the points that a test chooses.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::registry::Certificates;

/// How long a connection may be silent.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the proxy does with a request instead of passing it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It answers so itself.
    Status(u16),
    /// It closes the connection.
    Reset,
    /// It passes so many bytes of the body on, and closes both connections.
    CutRequest(u64),
    /// It passes the request on, and so many bytes of the answer back.
    CutAnswer(u64),
    /// It passes all on, with these lines in the head of the answer.
    Says(&'static str),
}

/// A request that came: its method and its path.
pub type Line = (String, String);

type Choose = dyn Fn(&Line, usize) -> Option<Fault> + Send + Sync;

/// A proxy that is there until the test process ends.
pub struct Proxy {
    pub port: u16,
    seen: Arc<Mutex<Vec<Line>>>,
}

impl Proxy {
    /// Stands in front of a server on a port of the loopback.
    pub fn start(
        certificates: &Certificates,
        to: u16,
        choose: impl Fn(&Line, usize) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = CertificateDer::from_pem_file(certificates.path("server.crt")).unwrap();
        let key = PrivateKeyDer::from_pem_file(certificates.path("server.key")).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![chain], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (config, all) = (Arc::new(config), Arc::clone(&seen));
        let choose: Arc<Choose> = Arc::new(choose);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, all) = (Arc::clone(&config), Arc::clone(&all));
                let choose = Arc::clone(&choose);
                // What breaks off here is what the test is about.
                thread::spawn(move || serve(stream, config, to, &*choose, &all));
            }
        });
        Self { port, seen }
    }

    /// What came so far.
    pub fn seen(&self) -> Vec<Line> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    to: u16,
    choose: &Choose,
    all: &Mutex<Vec<Line>>,
) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let raw = stream.try_clone()?;
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut client = BufReader::new(StreamOwned::new(connection, stream));
    let (line, head, length) = request(&mut client)?;
    let before = {
        let mut all = all.lock().unwrap();
        all.push(line.clone());
        all.len() - 1
    };
    let fault = choose(&line, before);
    match fault {
        Some(Fault::Reset) => return raw.shutdown(Shutdown::Both),
        Some(Fault::Status(status)) => {
            let answer = format!(
                "HTTP/1.1 {status} Fault\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            client.get_mut().write_all(answer.as_bytes())?;
            return close(client);
        }
        _ => {}
    }
    let mut server = TcpStream::connect(("127.0.0.1", to))?;
    server.set_read_timeout(Some(PATIENCE))?;
    server.write_all(head.as_bytes())?;
    let most = match fault {
        Some(Fault::CutRequest(most)) => most.min(length),
        _ => length,
    };
    let passed = io::copy(&mut client.by_ref().take(most), &mut server)?;
    if matches!(fault, Some(Fault::CutRequest(_))) || passed < length {
        server.shutdown(Shutdown::Both)?;
        return raw.shutdown(Shutdown::Both);
    }
    let most = match fault {
        Some(Fault::CutAnswer(most)) => most,
        _ => u64::MAX,
    };
    let mut answer = BufReader::new(server.take(most));
    if let Some(Fault::Says(lines)) = fault {
        let mut status = String::new();
        answer.read_line(&mut status)?;
        client.get_mut().write_all((status + lines).as_bytes())?;
    }
    io::copy(&mut answer, client.get_mut())?;
    match fault {
        Some(Fault::CutRequest(_) | Fault::CutAnswer(_)) => raw.shutdown(Shutdown::Both),
        _ => close(client),
    }
}

fn close(mut client: BufReader<StreamOwned<ServerConnection, TcpStream>>) -> io::Result<()> {
    let stream = client.get_mut();
    stream.conn.send_close_notify();
    stream.flush()
}

/// The first line of a request, its head with `Connection: close`, and the length of its body.
fn request(client: &mut impl BufRead) -> io::Result<(Line, String, u64)> {
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        client.read_line(&mut line)?;
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        if line.trim().is_empty() {
            break;
        }
        if !lower.starts_with("connection:") {
            head += &line;
        }
    }
    let mut words = head.split_whitespace();
    let method = words.next().unwrap_or_default().to_owned();
    let path = words.next().unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default().to_owned();
    head += "Connection: close\r\n\r\n";
    Ok(((method, path), head, length))
}
