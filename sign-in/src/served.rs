//! A small HTTP server for the tests, which plays a cloud's metadata service.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers each request as told, and keeps their heads.
pub struct Served {
    pub url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Served {
    /// `answer` is given a request's head and how many came before; it answers none to hang.
    pub async fn start<F>(answer: F) -> Self
    where
        F: Fn(&str, usize) -> Option<(u16, String)> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (heads.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (kept, answer) = (kept.clone(), answer.clone());
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await.unwrap());
                    }
                    let head = String::from_utf8(head).unwrap();
                    let before = {
                        let mut kept = kept.lock().unwrap();
                        kept.push(head.clone());
                        kept.len() - 1
                    };
                    let Some((status, body)) = answer(&head, before) else {
                        return std::future::pending().await;
                    };
                    let length = body.len();
                    let text = format!(
                        "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                    );
                    stream.write_all(text.as_bytes()).await.unwrap();
                });
            }
        });
        Self { url, heads }
    }

    /// An address where nobody listens any more.
    pub async fn away() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { url: format!("http://{}", listener.local_addr().unwrap()), heads: Arc::default() }
    }

    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// Clients cannot be built before.
pub fn install_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
