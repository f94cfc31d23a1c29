//! The objects of a store: written, read, listed and removed.

use std::{io, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    ObjectStore, ObjectStoreExt, PutMode, WriteMultipart, aws::AmazonS3Builder, local::LocalFileSystem, path::Path,
};
use tokio::{
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
    sync::Semaphore,
};

use super::{
    error::{StoreError, disk},
    location::FileLocation,
};
use crate::files::core::limits::{MAX_CONCURRENT_UPLOADS, PIECE_BYTES};

/// Stream of the bytes that are read.
pub type Bytestream = BoxStream<'static, Result<Bytes, StoreError>>;

/// An open store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(super) objects: Arc<dyn ObjectStore>,
    pub(super) prefix: Path,
    /// Limit of concurrent uploads to a bucket; `None` for a folder.
    pub(super) carrying: Option<Arc<Semaphore>>,
}

/// Maximum concurrent parts of a file: with the part that is being filled, these are the memory of a written file.
const MAX_CONCURRENT_PARTS: usize = 2;

/// Bytes that are being written: invisible before `finish`, and removed without it.
pub enum Sink {
    /// Written to a folder, in small pieces.
    Pieces(WriteMultipart),
    /// Written to a bucket, whose parts have five megabytes at least: kept on the disk until the file is complete, so that a slow sender takes no
    /// memory.
    Spool(Spool),
}

/// A temporary file without a name, and the destination of its bytes.
pub struct Spool {
    file: tokio::fs::File,
    objects: Arc<dyn ObjectStore>,
    path: Path,
    carrying: Arc<Semaphore>,
}

impl Spool {
    /// Uploads the bytes to the bucket, under the limit of concurrent uploads.
    async fn transfer(mut self) -> Result<(), StoreError> {
        self.file.flush().await.map_err(disk)?;
        self.file.rewind().await.map_err(disk)?;
        let _turn = self.carrying.acquire().await.map_err(|error| StoreError::Away(error.to_string()))?;
        let mut parts = WriteMultipart::new(self.objects.put_multipart(&self.path).await?);
        match upload_parts(&mut parts, &mut self.file).await {
            Ok(()) => parts.finish().await.map(drop).map_err(StoreError::from),
            Err(error) => {
                Sink::Pieces(parts).abort().await;
                Err(error)
            }
        }
    }
}

async fn upload_parts(parts: &mut WriteMultipart, file: &mut tokio::fs::File) -> Result<(), StoreError> {
    loop {
        let mut buffer = BytesMut::with_capacity(PIECE_BYTES);
        if file.read_buf(&mut buffer).await.map_err(disk)? == 0 {
            return Ok(());
        }
        parts.wait_for_capacity(MAX_CONCURRENT_PARTS).await?;
        parts.put(buffer.freeze());
    }
}

impl Sink {
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        match self {
            Self::Pieces(parts) => {
                parts.wait_for_capacity(MAX_CONCURRENT_PARTS).await?;
                parts.put(bytes);
                Ok(())
            }
            Self::Spool(spool) => spool.file.write_all(&bytes).await.map_err(disk),
        }
    }
    pub async fn finish(self) -> Result<(), StoreError> {
        match self {
            Self::Pieces(parts) => parts.finish().await.map(drop).map_err(StoreError::from),
            Self::Spool(spool) => spool.transfer().await,
        }
    }
    pub async fn abort(self) {
        if let Self::Pieces(parts) = self
            && let Err(error) = parts.abort().await
        {
            tracing::warn!(%error, "a partly written object could not be removed");
        }
    }
}

impl Store {
    /// Opens the store. A missing folder is created; a bucket must exist.
    pub fn open(location: &FileLocation) -> Result<Self, StoreError> {
        match location {
            FileLocation::Folder(folder) => {
                let folder_error = |error: io::Error| StoreError::Away(format!("{}: {error}", folder.display()));
                std::fs::create_dir_all(folder).map_err(folder_error)?;
                let local = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true).with_automatic_cleanup(true);
                Ok(Self { objects: Arc::new(local), prefix: Path::default(), carrying: None })
            }
            FileLocation::Bucket { name, prefix } => {
                let bucket = AmazonS3Builder::from_env().with_bucket_name(name).build()?;
                let prefix = Path::parse(prefix).map_err(|error| StoreError::Away(error.to_string()))?;
                Ok(Self { objects: Arc::new(bucket), prefix, carrying: Some(Arc::new(Semaphore::new(MAX_CONCURRENT_UPLOADS))) })
            }
        }
    }

    fn at(&self, blob: &str) -> Path {
        blob.split('/').fold(self.prefix.clone(), Path::join)
    }

    pub async fn write(&self, blob: &str) -> Result<Sink, StoreError> {
        let path = self.at(blob);
        let Some(carrying) = self.carrying.clone() else {
            let parts = self.objects.put_multipart(&path).await?;
            return Ok(Sink::Pieces(WriteMultipart::new_with_chunk_size(parts, PIECE_BYTES)));
        };
        let mut file = tokio::fs::File::from_std(tempfile::tempfile().map_err(disk)?);
        file.set_max_buf_size(PIECE_BYTES);
        Ok(Sink::Spool(Spool { file, objects: self.objects.clone(), path, carrying }))
    }

    /// Writes a few bytes at once; overwrites.
    pub async fn put(&self, blob: &str, bytes: &'static [u8]) -> Result<(), StoreError> {
        self.objects.put(&self.at(blob), Bytes::from_static(bytes).into()).await?;
        Ok(())
    }

    /// Writes bytes at once; overwrites.
    pub async fn put_bytes(&self, name: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.objects.put(&self.at(name), bytes.into()).await?;
        Ok(())
    }

    /// Writes bytes unless the object exists; returns whether it did.
    pub async fn create(&self, name: &str, bytes: Bytes) -> Result<bool, StoreError> {
        match self.objects.put_opts(&self.at(name), bytes.into(), PutMode::Create.into()).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns all bytes of an object; `None` if there are more than `limit`.
    pub async fn get(&self, name: &str, limit: u64) -> Result<Option<Bytes>, StoreError> {
        let object = self.objects.get(&self.at(name)).await?;
        if object.meta.size > limit { Ok(None) } else { Ok(Some(object.bytes().await?)) }
    }

    /// The names of all objects, and their sizes in bytes.
    pub async fn names(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let prefix = (!self.prefix.as_ref().is_empty()).then_some(&self.prefix);
        let listed: Vec<_> = self.objects.list(prefix).try_collect().await?;
        Ok(listed.iter().map(|object| (self.name(&object.location), object.size)).collect())
    }

    /// Returns the names of all objects under a name.
    pub async fn names_under(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let listed: Vec<_> = self.objects.list(Some(&self.at(folder))).try_collect().await?;
        Ok(listed.iter().map(|object| self.name(&object.location)).collect())
    }

    fn name(&self, path: &Path) -> String {
        let parts = path.prefix_match(&self.prefix).map(|parts| parts.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>());
        parts.unwrap_or_default().join("/")
    }

    /// Returns the bytes of an object; `None` if it does not exist.
    pub async fn size(&self, blob: &str) -> Result<Option<u64>, StoreError> {
        match self.objects.head(&self.at(blob)).await.map_err(StoreError::from) {
            Ok(metadata) => Ok(Some(metadata.size)),
            Err(StoreError::Missing) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Copies an object into another store, under the same name.
    pub async fn transfer(&self, blob: &str, to: &Self) -> Result<(), StoreError> {
        let (mut bytes, mut sink) = (self.read(blob).await?, to.write(blob).await?);
        loop {
            let outcome = match bytes.next().await {
                None => return sink.finish().await,
                Some(Ok(chunk)) => sink.write(chunk).await,
                Some(Err(error)) => Err(error),
            };
            if let Err(error) = outcome {
                sink.abort().await;
                return Err(error);
            }
        }
    }

    pub async fn holds(&self, blob: &str) -> Result<bool, StoreError> {
        match self.objects.head(&self.at(blob)).await.map_err(StoreError::from) {
            Ok(_) => Ok(true),
            Err(StoreError::Missing) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub async fn read(&self, blob: &str) -> Result<Bytestream, StoreError> {
        let object = self.objects.get(&self.at(blob)).await?;
        Ok(object.into_stream().map_err(StoreError::from).boxed())
    }

    /// Removes an object; a missing one is no error.
    pub async fn remove(&self, blob: &str) -> Result<(), StoreError> {
        match self.objects.delete(&self.at(blob)).await.map_err(StoreError::from) {
            Err(StoreError::Missing) => Ok(()),
            other => other,
        }
    }

    /// Whether any object is under a name.
    pub async fn has_any(&self, folder: &str) -> Result<bool, StoreError> {
        Ok(self.objects.list(Some(&self.at(folder))).try_next().await?.is_some())
    }

    /// Removes all objects under a name; returns the number.
    pub async fn remove_all(&self, folder: &str) -> Result<u64, StoreError> {
        let location = self.at(folder);
        let paths: Vec<Path> = self.objects.list(Some(&location)).map_ok(|one| one.location).try_collect().await?;
        let mut removed_count = 0;
        for path in paths {
            match self.objects.delete(&path).await.map_err(StoreError::from) {
                Ok(()) => removed_count += 1,
                Err(StoreError::Missing) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(removed_count)
    }
}
