//! Pictures and documents of products, and pictures that are none.

use std::io::Cursor;

use entrepot::{
    audit::Origin,
    files::{FileError, FileLocation, core::File},
    insight::verify::verify_tenant,
};
use futures_util::stream;
use image::{DynamicImage, ImageFormat};
use serde_json::{Value, json};

use super::world::{Works, World, download, execute, wait_until};
use crate::world::on_both;

on_both!(
    pictures_have_places,
    documents_come_and_go,
    what_is_no_picture_is_not_taken,
    a_file_belongs_to_one_thing_and_to_its_maker,
    a_key_changes_pictures_once,
    pictures_are_made_small,
    a_picture_that_is_broken_is_shown_as_it_is,
    a_full_disk_makes_small_pictures_wait,
    what_is_removed_goes_later,
    pictures_of_many_products_are_read_together,
    two_at_once_leave_no_gap,
);

const ADD: &str = "mutation($input: ProductImageAddInput!) { productImageAdd(input: $input) {
    image { id position alt mediaType width height hasThumbnails } images { id position } replayed seq userErrors { code field message } } }";
const REMOVE: &str = "mutation($input: ProductImageRemoveInput!) { productImageRemove(input: $input) {
    image { id } images { id position } replayed userErrors { code field message } } }";
const REORDER: &str = "mutation($input: ProductImageReorderInput!) { productImageReorder(input: $input) {
    images { id position } replayed userErrors { code field message } } }";
const DOCUMENT: &str = "mutation($input: ProductDocumentAddInput!) { productDocumentAdd(input: $input) {
    document { id title name mediaType size url } documents { id } replayed userErrors { code field message } } }";
const UNDOCUMENT: &str = "mutation($input: ProductDocumentRemoveInput!) { productDocumentRemove(input: $input) {
    document { id } documents { id } userErrors { code field message } } }";

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(width, height).write_to(&mut out, format).unwrap();
    out.into_inner()
}

async fn create_product(world: &World, sku: &str) -> String {
    let query = "mutation($input: ProductCreateInput!) { productCreate(input: $input) { product { id } userErrors { code field message } } }";
    let payload = world.must_mutate(&world.ours, query, json!({ "input": { "sku": sku, "name": sku } })).await;
    payload["product"]["id"].as_str().unwrap().to_owned()
}

async fn sent(world: &World, bytes: Vec<u8>) -> String {
    world.sent_as(&world.ours, ("IMAGE", "front.png"), bytes).await
}

/// A picture more for a product.
async fn added(world: &World, product: &str, extra: Value) -> Value {
    let file = sent(world, picture(4, 2, ImageFormat::Png)).await;
    let mut input = json!({ "idempotencyKey": file, "productId": product, "fileId": file });
    input.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap());
    world.must_mutate(&world.ours, ADD, json!({ "input": input })).await
}

async fn refused(world: &World, query: &str, input: Value) -> Value {
    let answer = execute(world, query, json!({ "input": input })).await;
    answer.as_object().unwrap().values().next().unwrap()["userErrors"].clone()
}

/// IDs of a product's pictures in order, after a check of their positions.
async fn places(world: &World, product: &str) -> Vec<String> {
    let query = "query($id: ID!) { product(by: { id: $id }) { images { id position } } }";
    let found = execute(world, query, json!({ "id": product })).await["product"]["images"].clone();
    for (at, image) in (1..).zip(found.as_array().unwrap()) {
        assert_eq!(image["position"], json!(at), "{found:#}");
    }
    found.as_array().unwrap().iter().map(|image| image["id"].as_str().unwrap().to_owned()).collect()
}

fn id(payload: &Value) -> String {
    payload["image"]["id"].as_str().unwrap().to_owned()
}

async fn pictures_have_places(world: &World) {
    let product = create_product(world, "seen").await;
    let first = added(world, &product, json!({ "alt": "From the front" })).await;
    let shown_input = json!({ "id": first["image"]["id"], "position": 1, "alt": "From the front", "mediaType": "image/png",
        "width": 4, "height": 2, "hasThumbnails": false });
    assert_eq!(first["image"], shown_input);
    let (first, second) = (id(&first), id(&added(world, &product, json!({})).await));
    let before = id(&added(world, &product, json!({ "position": 1 })).await);
    assert_eq!(places(world, &product).await, [before.clone(), first.clone(), second.clone()]);
    let order =
        |ids: &[&String]| json!({ "idempotencyKey": world.node.clock.uuid().to_string(), "productId": product, "imageIds": ids });
    let answer = world.must_mutate(&world.ours, REORDER, json!({ "input": order(&[&second, &first]) })).await;
    assert_eq!(answer["images"][0]["id"], json!(second));
    assert_eq!(places(world, &product).await, [second.clone(), first.clone(), before.clone()]);
    let deleted_input = json!({ "idempotencyKey": "gone", "id": first });
    let answer = world.must_mutate(&world.ours, REMOVE, json!({ "input": deleted_input })).await;
    assert_eq!((&answer["image"], answer["images"].as_array().unwrap().len()), (&Value::Null, 2));
    assert_eq!(places(world, &product).await, [second.clone(), before.clone()]);
    let odd = json!({ "idempotencyKey": "odd", "productId": product, "fileId": world.ours.ids["fil"], "alt": "a\0b" });
    assert_eq!(refused(world, ADD, odd).await[0]["field"], json!(["input", "alt"]));
    for (input, code, field) in [
        (order(&[&second, &second]), "INVALID", "imageIds"),
        (order(&[&first]), "NOT_FOUND", "imageIds"),
        (order(&[&world.theirs.ids["img"]]), "NOT_FOUND", "imageIds"),
        (order(&[&world.ours.ids["img"]]), "NOT_FOUND", "imageIds"),
    ] {
        let message = refused(world, REORDER, input).await;
        assert_eq!((&message[0]["code"], &message[0]["field"]), (&json!(code), &json!(["input", field])), "{message:#}");
    }
    let file = sent(world, picture(1, 1, ImageFormat::Png)).await;
    for (extra, code, field) in [
        (json!({ "position": 0 }), "OUT_OF_RANGE", "position"),
        (json!({ "position": 4 }), "OUT_OF_RANGE", "position"),
        (json!({ "position": 9_007_199_254_740_991_i64 }), "OUT_OF_RANGE", "position"),
        (json!({ "alt": "x".repeat(501) }), "TOO_LONG", "alt"),
        (json!({ "productId": world.theirs.ids["prd"] }), "NOT_FOUND", "productId"),
        (json!({ "idempotencyKey": " " }), "REQUIRED", "idempotencyKey"),
    ] {
        let mut input = json!({ "idempotencyKey": format!("{extra}"), "productId": product, "fileId": file });
        input.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap());
        let message = refused(world, ADD, input).await;
        assert_eq!((&message[0]["code"], &message[0]["field"]), (&json!(code), &json!(["input", field])), "{message:#}");
    }
    for _ in 2..20 {
        added(world, &product, json!({})).await;
    }
    let message = refused(world, ADD, json!({ "idempotencyKey": "21", "productId": product, "fileId": file })).await;
    assert_eq!(message[0]["code"], "LIMIT_EXCEEDED", "{message:#}");
    assert_eq!(places(world, &product).await.len(), 20);
    let report = verify_tenant(&world.node.db, world.ours.owner.tenant, |_| {}).await.unwrap();
    assert!(report.is_sound(), "{report:#?}");
}

async fn documents_come_and_go(world: &World) {
    let product = create_product(world, "described").await;
    let file = world.sent_as(&world.ours, ("DOCUMENT", "../../sheet.pdf"), b"%PDF-1.7\n%%EOF".to_vec()).await;
    let input = json!({ "idempotencyKey": "d", "productId": product, "fileId": file, "title": " Data sheet " });
    let created_payload = world.must_mutate(&world.ours, DOCUMENT, json!({ "input": input })).await;
    let document = created_payload["document"].clone();
    assert_eq!(
        (&document["title"], &document["name"], &document["mediaType"], &document["size"]),
        (&json!("Data sheet"), &json!("sheet.pdf"), &json!("application/pdf"), &json!(14))
    );
    assert_eq!(download(world, &document["url"]).await, b"%PDF-1.7\n%%EOF");
    for (title, code) in [("", "REQUIRED"), ("  ", "REQUIRED"), (&"x".repeat(201), "TOO_LONG"), ("a\0b", "INVALID")] {
        let input = json!({ "idempotencyKey": "e", "productId": product, "fileId": file, "title": title });
        let message = refused(world, DOCUMENT, input).await;
        assert_eq!((&message[0]["code"], &message[0]["field"]), (&json!(code), &json!(["input", "title"])), "{message:#}");
    }
    let payload =
        world.must_mutate(&world.ours, UNDOCUMENT, json!({ "input": { "idempotencyKey": "g", "id": document["id"] } })).await;
    assert_eq!(payload["documents"], json!([]));
    let message = refused(world, UNDOCUMENT, json!({ "idempotencyKey": "h", "id": document["id"] })).await;
    assert_eq!(message[0]["code"], "NOT_FOUND");
}

async fn try_send(world: &World, purpose: &str, bytes: Vec<u8>) -> Result<File, FileError> {
    let query = "mutation($input: FileUploadCreateInput!) { fileUploadCreate(input: $input) { uploadUrl userErrors { code } } }";
    let payload =
        world.must_mutate(&world.ours, query, json!({ "input": { "purpose": purpose, "name": "/etc/../x.png" } })).await;
    let token = payload["uploadUrl"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    world.node.files.receive(&token, None, Origin::default(), stream::iter([Ok(bytes.into())])).await
}

async fn what_is_no_picture_is_not_taken(world: &World) {
    let is_wrong = |error: &FileError| matches!(error, FileError::WrongKind(_));
    let is_huge = |error: &FileError| matches!(error, FileError::TooManyPixels(_));
    let head = |width: u32, height: u32| {
        [b"\x89PNG\r\n\x1a\n\0\0\0\x0DIHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat()
    };
    let bomb = head(60_000, 60_000);
    let page = b"\x89PNG\r\n\x1a\n<script>alert(1)</script>".to_vec();
    let svg = b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>".to_vec();
    type Case<'a> = (Vec<u8>, &'a dyn Fn(&FileError) -> bool);
    let cases: [Case<'_>; 8] = [
        (svg, &is_wrong),
        (page, &is_wrong),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF".to_vec(), &is_wrong),
        (b"RIFF\x10\0\0\0WEBPJUNK".to_vec(), &is_wrong),
        (b"GIF89a".to_vec(), &is_wrong),
        (b"%PDF-1.7".to_vec(), &is_wrong),
        (bomb, &is_huge),
        (head(10_001, 1), &is_huge),
    ];
    for (bytes, is_expected) in cases {
        let refusal = try_send(world, "IMAGE", bytes.clone()).await;
        assert!(refusal.as_ref().is_err_and(is_expected), "{:?}: {refusal:?}", String::from_utf8_lossy(&bytes));
    }
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let file = try_send(world, "IMAGE", picture(30, 20, format)).await.unwrap();
        let area = file.area.unwrap();
        assert_eq!((area.width, area.height, file.name.as_str()), (30, 20, "x.png"), "{format:?}");
    }
}

async fn a_file_belongs_to_one_thing_and_to_its_maker(world: &World) {
    let product = create_product(world, "owned").await;
    let input = |key: &str, file: &str| json!({ "idempotencyKey": key, "productId": product, "fileId": file });
    let file = sent(world, picture(2, 2, ImageFormat::Png)).await;
    world.must_mutate(&world.ours, ADD, json!({ "input": input("first", &file) })).await;
    let message = refused(world, ADD, input("again", &file)).await;
    assert_eq!(
        (&message[0]["code"], &message[0]["field"]),
        (&json!("INVALID_STATE"), &json!(["input", "fileId"])),
        "{message:#}"
    );
    let query =
        "mutation($input: FileUploadCreateInput!) { fileUploadCreate(input: $input) { file { id } userErrors { code } } }";
    let awaited = world.must_mutate(&world.ours, query, json!({ "input": { "purpose": "IMAGE", "name": "x" } })).await;
    let awaited = awaited["file"]["id"].as_str().unwrap().to_owned();
    for (file, code) in [
        (&awaited, "INVALID_STATE"),
        (&world.theirs.picture, "NOT_FOUND"),
        (&world.ours.ids["fil"], "NOT_FOUND"),
        (&world.ours.manual, "NOT_FOUND"),
    ] {
        let message = refused(world, ADD, input(file, file)).await;
        assert_eq!((&message[0]["code"], &message[0]["field"]), (&json!(code), &json!(["input", "fileId"])), "{message:#}");
    }
    // A file that is about to be deleted is refused.
    let late = sent(world, picture(2, 2, ImageFormat::Png)).await;
    world.advance_clock(7 * 24 * 3_600 - 30);
    assert_eq!(refused(world, ADD, input("late", &late)).await[0]["code"], "INVALID_STATE");
    // A file that is in use is kept at any age.
    world.advance_clock(30 * 24 * 3_600);
    world.node.files.delete_expired_files().await.unwrap();
    let query = "query($id: ID!) { product(by: { id: $id }) { images { url } } }";
    let images = execute(world, query, json!({ "id": product })).await["product"]["images"].clone();
    assert_eq!(download(world, &images[0]["url"]).await, picture(2, 2, ImageFormat::Png));
}

async fn a_key_changes_pictures_once(world: &World) {
    let product = create_product(world, "once").await;
    let file = sent(world, picture(2, 2, ImageFormat::Png)).await;
    let input = json!({ "input": { "idempotencyKey": "k", "productId": product, "fileId": file } });
    let racing = (0..6).map(|_| world.must_mutate(&world.ours, ADD, input.clone()));
    let made = futures_util::future::join_all(racing).await;
    assert_eq!(made.iter().filter(|made| made["replayed"] == false).count(), 1);
    assert!(made.iter().all(|one| one["image"]["id"] == made[0]["image"]["id"]), "{made:#?}");
    let other = json!({ "idempotencyKey": "k", "productId": product, "fileId": file, "alt": "other" });
    assert_eq!(refused(world, ADD, other).await[0]["code"], "IDEMPOTENCY_KEY_REUSED");
    let deleted_input = json!({ "input": { "idempotencyKey": "k", "id": made[0]["image"]["id"] } });
    world.must_mutate(&world.ours, REMOVE, deleted_input.clone()).await;
    assert_eq!(world.must_mutate(&world.ours, REMOVE, deleted_input).await["replayed"], true);
    // The first answer is replayed, although its image does not exist any more.
    let again = world.must_mutate(&world.ours, ADD, input).await;
    assert_eq!((&again["image"], &again["images"], &again["replayed"]), (&Value::Null, &json!([]), &json!(true)));
}

const SIZES: &str = "query($id: ID!) { product(by: { id: $id }) { images { hasThumbnails url small: url(size: SMALL) medium: url(size: MEDIUM) } } }";

async fn sizes(world: &World, product: &str) -> Value {
    execute(world, SIZES, json!({ "id": product })).await["product"]["images"][0].clone()
}

async fn pictures_are_made_small(world: &World) {
    let product = create_product(world, "large").await;
    let bytes = picture(1_600, 800, ImageFormat::Jpeg);
    let file = sent(world, bytes.clone()).await;
    world
        .must_mutate(&world.ours, ADD, json!({ "input": { "idempotencyKey": "k", "productId": product, "fileId": file } }))
        .await;
    let before = sizes(world, &product).await;
    assert_eq!(before["hasThumbnails"], false);
    assert_eq!(download(world, &before["small"]).await, bytes, "until there is one, the original");
    let works = Works::begin(world);
    wait_until("the small versions", async || sizes(world, &product).await["hasThumbnails"] == true).await;
    works.kill().await;
    let shown_sizes = sizes(world, &product).await;
    for (link, sides) in [("small", (128, 64)), ("medium", (512, 256)), ("url", (1_600, 800))] {
        let drawn = image::load_from_memory(&download(world, &shown_sizes[link]).await).unwrap();
        assert_eq!((drawn.width(), drawn.height()), sides, "{link}");
    }
    // A link is for a quarter of an hour.
    world.advance_clock(901);
    let token = shown_sizes["small"].as_str().unwrap().rsplit('/').next().unwrap();
    assert!(matches!(world.node.files.fetch(token).await, Err(FileError::NotFound)));
}

async fn a_picture_that_is_broken_is_shown_as_it_is(world: &World) {
    let product = create_product(world, "broken").await;
    let mut bytes = picture(900, 900, ImageFormat::Png);
    bytes.truncate(bytes.len() / 2);
    let file = sent(world, bytes.clone()).await;
    world
        .must_mutate(&world.ours, ADD, json!({ "input": { "idempotencyKey": "k", "productId": product, "fileId": file } }))
        .await;
    let tenant = world.ours.owner.tenant;
    world.node.files.draw(tenant, file.parse().unwrap()).await.unwrap();
    let shown_sizes = sizes(world, &product).await;
    assert_eq!(shown_sizes["hasThumbnails"], false);
    assert_eq!(download(world, &shown_sizes["small"]).await, bytes);
    let stored_file = world.node.files.find_of_tenant(tenant, file.parse().unwrap()).await.unwrap().unwrap();
    assert!(stored_file.thumbnails.is_some(), "it is not tried again");
}

async fn a_full_disk_makes_small_pictures_wait(world: &World) {
    let product = create_product(world, "waiting").await;
    let file = sent(world, picture(900, 900, ImageFormat::Png)).await;
    world
        .must_mutate(&world.ours, ADD, json!({ "input": { "idempotencyKey": "k", "productId": product, "fileId": file } }))
        .await;
    let (tenant, file) = (world.ours.owner.tenant, file.parse().unwrap());
    let wall = world.home.folder.join("wall");
    std::fs::write(&wall, b"").unwrap();
    world.node.files.set_location(FileLocation::Folder(wall.join("files")));
    assert!(matches!(world.node.files.draw(tenant, file).await, Err(FileError::Away)));
    // A folder that can be read and not written into: as a disk without room is.
    world.node.files.set_location(FileLocation::Folder(world.files.clone()));
    let stored_file = world.node.files.find_of_tenant(tenant, file).await.unwrap().unwrap();
    let small = world.files.join(format!("{}-128", stored_file.blob.unwrap()));
    std::fs::create_dir_all(&small).unwrap();
    assert!(world.node.files.draw(tenant, file).await.is_err());
    assert_eq!(sizes(world, &product).await["hasThumbnails"], false);
    std::fs::remove_dir(small).unwrap();
    world.node.files.draw(tenant, file).await.unwrap();
    assert_eq!(sizes(world, &product).await["hasThumbnails"], true);
}

async fn what_is_removed_goes_later(world: &World) {
    let product = create_product(world, "leaving").await;
    let file = sent(world, picture(900, 900, ImageFormat::Png)).await;
    let image = world
        .must_mutate(&world.ours, ADD, json!({ "input": { "idempotencyKey": "k", "productId": product, "fileId": file } }))
        .await;
    let (tenant, file): (_, entity::prelude::FileId) = (world.ours.owner.tenant, file.parse().unwrap());
    world.node.files.draw(tenant, file).await.unwrap();
    let folder = world.files.join(tenant.to_string()).join(file.to_string());
    let lying = || std::fs::read_dir(&folder).map_or(0, Iterator::count);
    assert_eq!(lying(), 3, "the picture and two small ones");
    let link = sizes(world, &product).await["small"].clone();
    world.must_mutate(&world.ours, REMOVE, json!({ "input": { "idempotencyKey": "r", "id": image["image"]["id"] } })).await;
    assert_eq!(lying(), 3, "a page that shows it just now still can");
    assert!(!download(world, &link).await.is_empty());
    world.advance_clock(1);
    world.node.files.delete_expired_files().await.unwrap();
    assert_eq!(lying(), 0);
    let token = link.as_str().unwrap().rsplit('/').next().unwrap();
    assert!(matches!(world.node.files.fetch(token).await, Err(FileError::NotReady)));
    // A drawing that comes too late leaves nothing.
    world.node.files.draw(tenant, file).await.unwrap();
    assert_eq!(lying(), 0);
}

async fn pictures_of_many_products_are_read_together(world: &World) {
    for n in 0..12 {
        let product = create_product(world, &format!("many-{n}")).await;
        for _ in 0..n % 3 {
            added(world, &product, json!({})).await;
        }
    }
    let query = "query($first: Int!) { products(first: $first, filter: { sku: { startsWith: \"many-\" } }) { nodes { sku images { id url } documents { id } } } }";
    let shown = async |first: i64| {
        let found = execute(world, query, json!({ "first": first })).await["products"]["nodes"].clone();
        assert_eq!(found.as_array().unwrap().len(), first as usize);
        found.as_array().unwrap().iter().map(|one| one["images"].as_array().unwrap().len()).sum::<usize>()
    };
    // The cache is filled by then.
    assert_eq!(shown(12).await, 12);
    let mut costs = Vec::new();
    for first in [3, 12] {
        let before = world.node.db.statements();
        assert!(shown(first).await > 0);
        costs.push(world.node.db.statements() - before);
    }
    assert_eq!(costs[0], costs[1], "as many statements for twelve products as for three");
}

async fn two_at_once_leave_no_gap(world: &World) {
    let product = create_product(world, "busy").await;
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(id(&added(world, &product, json!({})).await));
    }
    let removing =
        ids[..3].iter().map(|id| world.must_mutate(&world.ours, REMOVE, json!({ "input": { "idempotencyKey": id, "id": id } })));
    let adding = (0..4).map(|_| added(world, &product, json!({ "position": 1 })));
    let _ = tokio::join!(futures_util::future::join_all(removing), futures_util::future::join_all(adding));
    assert_eq!(places(world, &product).await.len(), 7);
    let report = verify_tenant(&world.node.db, world.ours.owner.tenant, |_| {}).await.unwrap();
    assert!(report.is_sound(), "{report:#?}");
}
