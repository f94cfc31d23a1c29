//! What the targets share.

use std::sync::OnceLock;

use bytes::Bytes;
use entity::prelude::ReasonCode;
use entrepot::{
    exchange::{
        core::{Decimal, Earnest, ImportOptions, Mode, Noun, fields},
        read::{Plan, Said, records},
    },
    files::Bytestream,
};
use futures_util::{StreamExt, stream};
use tokio::runtime::Runtime;

/// Readers have a thread beside whoever listens.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap())
}

pub fn streamed(bytes: &[u8]) -> Bytestream {
    let parts: Vec<_> = bytes.chunks(1_000).map(|part| Ok(Bytes::copy_from_slice(part))).collect();
    stream::iter(parts).boxed()
}

/// Reads rows of products to their end. A reader that breaks is a finding.
pub fn read(bytes: &[u8], is_workbook: bool) {
    let options = ImportOptions {
        format: None,
        delimiter: None,
        encoding: None,
        mapping: Vec::new(),
        mode: Mode::Upsert,
        earnest: Earnest::DryRun,
        reason: ReasonCode::Correction,
        decimal: Decimal::Comma,
    };
    let plan = Plan { noun: Noun::Products, options, skip: 0, most: 100_000 };
    runtime().block_on(async {
        let mut reading = records(streamed(bytes), is_workbook, plan);
        loop {
            match reading.recv().await.expect("a reader that ends says so") {
                Ok(Said::Rows(rows)) => rows.iter().for_each(|row| drop(fields::product(row, &fields::ResolvedNames::default()))),
                Ok(Said::How(_)) => {}
                Ok(Said::End) | Err(_) => return,
            }
        }
    });
}
