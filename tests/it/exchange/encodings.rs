//! Encodings of texts and formats of numbers: determined by the whole file or by its sender, never
//! by a part of it.

use serde_json::{Value, json};

use super::world::{Works, World, counts, import, product, result, wait_for_end};
use crate::world::on_both;

on_both!(
    a_stray_byte_does_not_change_how_the_rest_is_read,
    lines_of_json_with_a_stray_byte_are_refused_by_themselves,
    a_file_that_is_windows_1252_throughout_is_read_as_it,
);

async fn a_stray_byte_does_not_change_how_the_rest_is_read(world: &World) {
    let works = Works::begin(world);
    // The byte that reveals the encoding is far beyond the beginning that is sniffed.
    let mut bytes = b"sku,name\nstray,Caf\xe9\n".to_vec();
    for n in 0..4_000 {
        bytes.extend_from_slice(format!("e-{n},Product number {n}\n").as_bytes());
    }
    bytes.extend_from_slice("cheese,Käse\n".as_bytes());
    let exchange = wait_for_end(world, &import(world, "PRODUCTS", bytes.clone(), json!({})).await).await;
    assert_eq!((&exchange["state"], &exchange["reading"]["encoding"]), (&json!("DONE"), &json!("UTF-8")), "{exchange:#}");
    assert_eq!(counts(&exchange), [4_002, 4_001, 0, 0, 1], "{exchange:#}");
    assert_eq!(product(world, "cheese").await["name"], "Käse");
    assert_eq!(product(world, "stray").await, Value::Null);
    let refused = result(world, &exchange).await;
    assert!(refused.contains("\n1,INVALID,") && refused.contains("state the encoding"), "{refused}");
    // An encoding that the sender names is used for any bytes.
    let finished_exchange =
        wait_for_end(world, &import(world, "PRODUCTS", bytes, json!({ "encoding": "windows-1252" })).await).await;
    assert_eq!(
        (&finished_exchange["reading"]["encoding"], counts(&finished_exchange)[4]),
        (&json!("windows-1252"), 0),
        "{finished_exchange:#}"
    );
    assert_eq!(product(world, "stray").await["name"], "Café");
    works.kill().await;
}

async fn lines_of_json_with_a_stray_byte_are_refused_by_themselves(world: &World) {
    let works = Works::begin(world);
    let bytes = b"{\"sku\":\"one\",\"name\":\"Caf\xe9\"}\n{\"sku\":\"two\",\"name\":\"K\xc3\xa4se\"}\n".to_vec();
    let exchange = wait_for_end(world, &import(world, "PRODUCTS", bytes, json!({})).await).await;
    assert_eq!((&exchange["state"], counts(&exchange)), (&json!("DONE"), [2, 1, 0, 0, 1]), "{exchange:#}");
    assert_eq!((product(world, "two").await["name"].take(), product(world, "one").await), (json!("Käse"), Value::Null));
    works.kill().await;
}

async fn a_file_that_is_windows_1252_throughout_is_read_as_it(world: &World) {
    let works = Works::begin(world);
    let mut bytes = b"sku,name\nold,Caf\xe9\n".to_vec();
    for n in 0..4_000 {
        bytes.extend_from_slice(format!("w-{n},Gr\u{f6}\u{df}e {n}\n").chars().map(|c| c as u8).collect::<Vec<u8>>().as_slice());
    }
    let exchange = wait_for_end(world, &import(world, "PRODUCTS", bytes, json!({})).await).await;
    assert_eq!(
        (&exchange["reading"]["encoding"], counts(&exchange)),
        (&json!("windows-1252"), [4_001, 4_001, 0, 0, 0]),
        "{exchange:#}"
    );
    assert_eq!(product(world, "w-3999").await["name"], "Größe 3999");
    works.kill().await;
}
