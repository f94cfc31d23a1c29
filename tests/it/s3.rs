//! An S3 server with a bucket, and what is in it.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use entrepot::access::Cidr;
use hyper_util::rt::{TokioExecutor, TokioIo};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::authorization::world::World;

/// The objects below a folder by their names.
pub fn objects(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        let Ok(entries) = fs::read_dir(&next) else { continue };
        for entry in entries.map(Result::unwrap) {
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

/// The bucket `shop` of a server that checks signatures by `test` and `test`.
pub struct S3 {
    pub root: PathBuf,
    pub address: SocketAddr,
    serving: Option<JoinHandle<()>>,
}

impl S3 {
    /// A server that does not answer yet.
    pub async fn silent(world: &World) -> Self {
        world.node.webhooks.open_networks(vec![Cidr::parse("127.0.0.0/8").unwrap()]);
        let root = world.files.with_extension("s3");
        fs::create_dir_all(root.join("shop")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { root, address: listener.local_addr().unwrap(), serving: None }
    }

    pub async fn begin(world: &World) -> Self {
        let mut server = Self::silent(world).await;
        server.answer().await;
        server
    }

    /// Starts answering.
    pub async fn answer(&mut self) {
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(&self.root).unwrap());
        builder.set_auth(SimpleAuth::from_single("test", "test"));
        let service = builder.build();
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.serving = Some(tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let http = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    let _ = http.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        }));
    }

    /// The bucket as an input of a schedule.
    pub fn input(&self, prefix: &str) -> Value {
        json!({ "endpoint": format!("http://{}", self.address), "name": "shop", "region": "eu-west-2", "prefix": prefix,
            "accessKeyId": "test", "secretAccessKey": "test" })
    }

    pub fn folder(&self) -> PathBuf {
        self.root.join("shop")
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}
