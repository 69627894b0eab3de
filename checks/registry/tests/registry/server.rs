//! A tiny HTTP server on the loopback that answers as a test tells it to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How long a connection may be silent before the server gives up.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request that came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    /// The path and the query.
    pub path: String,
    headers: Vec<(String, String)>,
    pub bytes: Vec<u8>,
    /// Whether the connection broke before all of them came.
    pub cut: bool,
}

impl Seen {
    /// The body as text.
    pub fn body(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A header by its name, which is in lower case here.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// The first byte that is asked for.
    pub fn from(&self) -> usize {
        let range = self
            .header("range")
            .and_then(|range| range.strip_prefix("bytes="));
        let range = range.and_then(|range| range.strip_suffix('-'));
        range.map_or(0, |from| from.parse().unwrap())
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// After so many bytes of the body the connection is closed.
    cut: usize,
    /// How long nothing is sent before.
    silence: Duration,
    /// Whether the connection is closed without a word.
    nothing: bool,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            cut: usize::MAX,
            silence: Duration::ZERO,
            nothing: false,
        }
    }

    /// No answer at all: the connection is closed.
    pub fn nothing() -> Self {
        Self {
            nothing: true,
            ..Self::ok("")
        }
    }

    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body)
    }

    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    pub fn cut(mut self, after: usize) -> Self {
        self.cut = after;
        self
    }

    pub fn silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }
}

/// A server that is there until the test process ends.
pub struct Server {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Answers each request as `answer` says, which is also told how many came before.
    pub fn start(answer: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::cutting(|_, _| usize::MAX, answer)
    }

    /// Breaks off after so many bytes of a request as `cut` says.
    pub fn cutting(
        cut: impl Fn(&Seen, usize) -> usize + Send + Sync + 'static,
        answer: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, all) = (Arc::new((cut, answer)), Arc::clone(&seen));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, all) = (Arc::clone(&answer), Arc::clone(&all));
                // A client that went away ends its connection.
                thread::spawn(move || serve(stream, &answer.0, &answer.1, &all));
            }
        });
        Self { address, seen }
    }

    /// What came so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The requests for a path.
    pub fn seen_at(&self, part: &str) -> Vec<Seen> {
        let all = self.seen();
        all.into_iter()
            .filter(|seen| seen.path.contains(part))
            .collect()
    }
}

fn serve(
    stream: TcpStream,
    cut: &(dyn Fn(&Seen, usize) -> usize + Send + Sync),
    answer: &(dyn Fn(&Seen, usize) -> Reply + Send + Sync),
    all: &Mutex<Vec<Seen>>,
) -> Option<()> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    let mut out = stream.try_clone().ok()?;
    let mut input = BufReader::new(stream);
    // A client that tries TLS is told that this is none.
    if input.fill_buf().ok()?.first() == Some(&0x16) {
        return out.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n").ok();
    }
    let mut seen = receive(&mut input)?;
    if seen.method == "CONNECT" {
        all.lock().unwrap().push(seen);
        out.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").ok()?;
        if input.fill_buf().ok()?.first() == Some(&0x16) {
            return out.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n").ok();
        }
        seen = receive(&mut input)?;
    }
    let before = {
        let mut all = all.lock().unwrap();
        all.push(seen.clone());
        all.len() - 1
    };
    let most = cut(&seen, before);
    receive_body(&mut input, &mut seen, most)?;
    all.lock().unwrap()[before].bytes.clone_from(&seen.bytes);
    let reply = answer(&seen, before);
    thread::sleep(reply.silence);
    if reply.nothing || seen.cut {
        return None;
    }
    let mut head = format!("HTTP/1.1 {} Reply\r\nConnection: close\r\n", reply.status);
    if !reply
        .headers
        .iter()
        .any(|(name, _)| name == "Content-Length")
    {
        head += &format!("Content-Length: {}\r\n", reply.body.len());
    }
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    out.write_all(format!("{head}\r\n").as_bytes()).ok()?;
    if seen.method == "HEAD" {
        return Some(());
    }
    out.write_all(&reply.body[..reply.cut.min(reply.body.len())])
        .ok()
}

fn receive(input: &mut impl BufRead) -> Option<Seen> {
    let mut line = String::new();
    input.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        input.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    Some(Seen {
        method,
        path,
        headers,
        bytes: Vec::new(),
        cut: false,
    })
}

fn receive_body(input: &mut impl BufRead, seen: &mut Seen, most: usize) -> Option<()> {
    let length = seen
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let wanted = length.min(most as u64);
    input.take(wanted).read_to_end(&mut seen.bytes).ok()?;
    seen.cut = (seen.bytes.len() as u64) < length;
    Some(())
}
