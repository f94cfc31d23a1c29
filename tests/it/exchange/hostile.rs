//! Malformed and malicious files.

use std::io::Write;

use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::world::{Works, World, counts, import, product, result, wait_for_end};
use crate::world::on_both;

on_both!(
    a_file_that_cannot_be_read_says_why,
    a_row_half_broken_is_one_row,
    a_workbook_that_is_a_bomb_is_not_unpacked,
    a_workbook_whose_parts_overlap_is_not_unpacked,
);

async fn a_file_that_cannot_be_read_says_why(world: &World) {
    let works = Works::begin(world);
    let endless = format!("sku,name\nfirst,First\nsecond,\"{}", "x".repeat(3 << 20));
    for (bytes, extra, reason) in [
        (b"sku,name,Sku\na,b,c\n".to_vec(), json!({}), "is a second one for sku"),
        (b"name,price\na,1\n".to_vec(), json!({}), "a column sku is needed"),
        (b"sku,name\na,b\n".to_vec(), json!({ "mapping": [{ "column": "x", "field": "sku" }] }), "which the file does not have"),
        (b"sku,name\na,b\n".to_vec(), json!({ "encoding": "klingon" }), "is no encoding"),
        (b"sku,name\na,b\n".to_vec(), json!({ "format": "XLSX" }), "not of the format"),
        (endless.into_bytes(), json!({}), "never closed"),
        (
            b"sku,name,description\nv-1,a,\"open\nv-2,b,x\nv-3,c,y\n".to_vec(),
            json!({}),
            "opens in line 2 or below is never closed",
        ),
        (vec![b','; 300], json!({}), "at most 256 columns"),
    ] {
        let exchange = wait_for_end(world, &import(world, "PRODUCTS", bytes, extra).await).await;
        assert_eq!(exchange["state"], "FAILED", "{reason}: {exchange:#}");
        assert!(exchange["error"].as_str().unwrap().contains(reason), "{reason}: {exchange:#}");
        assert_eq!(exchange["result"], Value::Null);
    }
    assert_eq!(product(world, "v-1").await, Value::Null, "nothing of the row that swallowed the others");
    let closed = b"sku,name,description\nv-4,\"a \"\"b\"\" c\",\"x, y\nz\"".to_vec();
    let exchange = wait_for_end(world, &import(world, "PRODUCTS", closed, json!({})).await).await;
    assert_eq!((exchange["state"].as_str(), counts(&exchange)), (Some("DONE"), [1, 1, 0, 0, 0]), "{exchange:#}");
    assert_eq!(product(world, "v-4").await["name"], "a \"b\" c");
    works.kill().await;
}

async fn a_row_half_broken_is_one_row(world: &World) {
    let works = Works::begin(world);
    // A letter of another encoding far beyond the sniffed beginning, a cell too many, a cell too
    // few, an empty line, spaces.
    let mut bytes = b"sku,name\n".to_vec();
    for n in 0..3_000 {
        bytes.extend_from_slice(format!("b-{n},Product number {n}\n").as_bytes());
    }
    bytes.extend_from_slice(b"bad-1,Caf\xe9\n\nbad-2,a,b\nbad-3\n  good  ,  Good  \n");
    let exchange = wait_for_end(world, &import(world, "PRODUCTS", bytes, json!({})).await).await;
    assert_eq!((exchange["state"].as_str(), counts(&exchange)), (Some("DONE"), [3_004, 3_001, 0, 0, 3]), "{exchange:#}");
    assert!(
        result(world, &exchange).await.contains("3001,INVALID,,the row has characters"),
        "{}",
        result(world, &exchange).await
    );
    assert_eq!(product(world, "good").await["name"], "Good");
    works.kill().await;
}

/// An archive with these parts in addition to those of a workbook.
fn archive(parts: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

async fn a_workbook_that_is_a_bomb_is_not_unpacked(world: &World) {
    let works = Works::begin(world);
    let bomb = archive(&[("xl/sharedStrings.xml", vec![b' '; 64 << 20])]);
    assert!(bomb.len() < 1 << 20, "it is small: {}", bomb.len());
    let many: Vec<(String, Vec<u8>)> = (0..2_100).map(|n| (format!("part-{n}"), b"x".to_vec())).collect();
    let many: Vec<(&str, Vec<u8>)> = many.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    for (bytes, reason) in [
        (bomb, "larger than a workbook may be"),
        (archive(&many), "more than 2000 parts"),
        (archive(&[("readme.txt", b"hello".to_vec())]), "the workbook is invalid"),
        (b"PK\x03\x04 and then nothing".to_vec(), "the workbook is invalid"),
    ] {
        let exchange = wait_for_end(world, &import(world, "PRODUCTS", bytes, json!({})).await).await;
        assert_eq!(exchange["state"], "FAILED", "{reason}: {exchange:#}");
        assert!(exchange["error"].as_str().unwrap().contains(reason), "{reason}: {exchange:#}");
    }
    works.kill().await;
}

/// An archive whose only part is listed `times` times.
fn overlapping(times: u16) -> Vec<u8> {
    const END: usize = 22;
    // Bytes that do not become fewer when they are packed.
    let mut seed = 7_u32;
    let noise = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed.to_be_bytes()[0]
    });
    let noise = noise.take(4_096).collect();
    let whole = archive(&[("xl/part.xml", noise)]);
    let (rest, end) = whole.split_at(whole.len() - END);
    let offset = u32::from_le_bytes(end[16..20].try_into().unwrap()) as usize;
    let (parts, listed) = rest.split_at(offset);
    let length = u32::try_from(listed.len()).unwrap() * u32::from(times);
    let mut end = end.to_vec();
    end[8..10].copy_from_slice(&times.to_le_bytes());
    end[10..12].copy_from_slice(&times.to_le_bytes());
    end[12..16].copy_from_slice(&length.to_le_bytes());
    [parts, &listed.repeat(times.into()), &end].concat()
}

async fn a_workbook_whose_parts_overlap_is_not_unpacked(world: &World) {
    let works = Works::begin(world);
    for (times, reason) in [(1, "no workbook in it"), (2, "its parts overlap"), (2_000, "its parts overlap")] {
        let exchange = wait_for_end(world, &import(world, "PRODUCTS", overlapping(times), json!({})).await).await;
        assert_eq!(exchange["state"], "FAILED", "{times}: {exchange:#}");
        assert!(exchange["error"].as_str().unwrap().contains(reason), "{times}: {exchange:#}");
    }
    works.kill().await;
}
