//! Imports of files.

use serde_json::{Value, json};

use super::world::{Works, World, counts, download, execute, import, product, read_exchange, result, wait_for_end};
use crate::world::on_both;

on_both!(
    a_buyers_list_becomes_products,
    a_dry_run_says_what_would_be_and_writes_nothing,
    files_of_every_kind_say_the_same,
    lines_of_json_may_clear_what_a_cell_cannot_say,
    a_count_sheet_sets_stock_and_leaves_out_what_it_cannot,
    suppliers_categories_and_customers_come_in_files_too,
    what_is_there_already_may_be_refused,
    an_import_can_be_ended_early,
    a_row_without_its_key_is_refused_by_itself,
);

async fn a_buyers_list_becomes_products(world: &World) {
    let works = Works::begin(world);
    // As Excel saves it in Germany: a byte order mark, semicolons, quotes around a line break,
    // CRLF.
    let text = "\u{feff}SKU;Product Name;price;priceCurrency;category;supplier;barcodes;colour\r\n\
        a-1;\"Mug, \"\"blue\"\"\";4.50;GBP;alpha-things;alpha-sup;4006381333931;blue\r\n\
        a-2;\"two\nlines\";;;;;;\r\n\
        a-3;Plate;viel;GBP;;;;\r\n\
        a-4;Bowl;1.00;GBP;nowhere;;;\r\n\
        a-5;short\r\n\
        alpha-mug;Renamed;;;;;;\r\n";
    let exchange = wait_for_end(world, &import(world, "PRODUCTS", text, json!({})).await).await;
    assert_eq!(exchange["state"], "DONE", "{exchange:#}");
    assert_eq!(counts(&exchange), [6, 1, 1, 0, 4], "{exchange:#}\n{}", result(world, &exchange).await);
    let reading = &exchange["reading"];
    assert_eq!((&reading["format"], &reading["encoding"], &reading["delimiter"]), (&json!("CSV"), &json!("UTF-8"), &json!(";")));
    assert_eq!(reading["columns"][1], json!({ "name": "Product Name", "field": "name" }));
    assert_eq!(reading["columns"][7], json!({ "name": "colour", "field": null }));
    let mug = product(world, "A-1").await;
    assert_eq!(mug["name"], "Mug, \"blue\"");
    assert_eq!(mug["price"], json!({ "amount": "4.50", "currencyCode": "GBP" }));
    assert_eq!((&mug["category"]["name"], &mug["supplier"]["code"]), (&json!("alpha things"), &json!("alpha-sup")));
    assert_eq!(mug["barcodes"], json!([{ "code": "4006381333931", "packQuantity": 1 }]));
    assert_eq!(product(world, "alpha-mug").await["name"], "Renamed");
    let lines: Vec<String> = result(world, &exchange).await.lines().map(ToOwned::to_owned).collect();
    assert_eq!(lines[0], "row,code,field,message,key");
    assert!(lines[1].starts_with("2,INVALID,name,"), "{lines:?}");
    assert!(lines[2].starts_with("3,INVALID,price.amount,"), "{lines:?}");
    assert_eq!(lines[3], "4,NOT_FOUND,category,there is no such category,a-4");
    assert_eq!(lines[4], "5,INVALID,,\"the row has 2 cells, and the header 8\",");
    assert_eq!(lines.len(), 5);
    works.kill().await;
    // The caller and the purpose are in the audit log.
    world.node.audit.seal_all().await.unwrap();
    let log = execute(world, "{ auditEntries(first: 50) { nodes { action outcome } } }", json!({})).await;
    let actions: Vec<&Value> = log["auditEntries"]["nodes"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    for action in ["importCreate", "file.upload", "import.products", "exchange.finish"] {
        assert!(actions.contains(&&json!(action)), "{action} is not in {actions:?}");
    }
}

async fn a_row_without_its_key_is_refused_by_itself(world: &World) {
    let works = Works::begin(world);
    for (noun, key) in [("PRODUCTS", "sku"), ("CATEGORIES", "slug")] {
        let text = format!("{key},name\n,One\n,Two\nkept,Kept\n");
        let exchange = wait_for_end(world, &import(world, noun, text, json!({})).await).await;
        assert_eq!((&exchange["state"], counts(&exchange)), (&json!("DONE"), [3, 1, 0, 0, 2]), "{exchange:#}");
        let reported_text = result(world, &exchange).await;
        let lines: Vec<&str> = reported_text.lines().skip(1).collect();
        assert_eq!(lines, [1, 2].map(|row| format!("{row},REQUIRED,{key},a value is needed,")));
    }
    let new =
        wait_for_end(world, &import(world, "PRODUCTS", "sku,name\n,One\nnew,New\n", json!({ "mode": "CREATE" })).await).await;
    assert_eq!(counts(&new), [2, 1, 0, 0, 1], "{new:#}");
    assert_eq!(result(world, &new).await.lines().nth(1), Some("1,REQUIRED,sku,a value is needed,"));
    works.kill().await;
}

async fn a_dry_run_says_what_would_be_and_writes_nothing(world: &World) {
    let works = Works::begin(world);
    let text = "sku,name\nnew-1,One\nalpha-mug,Other\nnew-2,\n";
    let exchange = wait_for_end(world, &import(world, "PRODUCTS", text, json!({ "validateOnly": true })).await).await;
    assert_eq!(
        (&exchange["state"], &exchange["isDryRun"], counts(&exchange)),
        (&json!("DONE"), &json!(true), [3, 1, 1, 0, 1]),
        "{exchange:#}"
    );
    assert_eq!(result(world, &exchange).await.lines().nth(1), Some("3,REQUIRED,name,a value is needed,new-2"));
    assert_eq!(product(world, "new-1").await, Value::Null);
    assert_eq!(product(world, "alpha-mug").await["name"], "alpha mug");
    let before = on_hand(world).await;
    let stock = "sku,store,delta\nalpha-mug,alpha-shop,5\nalpha-mug,alpha-shop,-99000000\n";
    let exchange = wait_for_end(world, &import(world, "STOCK_CHANGES", stock, json!({ "validateOnly": true })).await).await;
    assert_eq!(counts(&exchange), [2, 0, 1, 0, 1], "{exchange:#}");
    assert_eq!(on_hand(world).await, before);
    works.kill().await;
}

/// Returns the units on hand of the company's mug in its shop, as the fixture of the world leaves
/// them.
async fn on_hand(world: &World) -> i64 {
    let query = "query($sku: String!) { product(by: { sku: $sku }) { stock { onHand } } }";
    execute(world, query, json!({ "sku": "alpha-mug" })).await["product"]["stock"][0]["onHand"].as_i64().unwrap()
}

async fn files_of_every_kind_say_the_same(world: &World) {
    let works = Works::begin(world);
    let wide = |text: &str, turn: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(turn).collect::<Vec<u8>>();
    let text = "sku\tname\nX\tCafé Größe\n";
    let files: Vec<(&str, Vec<u8>, &str)> = vec![
        ("u8", text.as_bytes().to_vec(), "UTF-8"),
        ("w1", b"sku\tname\nX\tCaf\xe9 Gr\xf6\xdfe\n".to_vec(), "windows-1252"),
        ("le", wide(&format!("\u{feff}{text}"), u16::to_le_bytes), "UTF-16LE"),
        ("be", wide(text, u16::to_be_bytes), "UTF-16BE"),
        ("js", "{\"sku\":\"X\",\"name\":\"Café Größe\"}\n".as_bytes().to_vec(), "UTF-8"),
    ];
    for (name, bytes, encoding) in files {
        let named: Vec<u8> = bytes;
        let exchange = wait_for_end(world, &import(world, "PRODUCTS", named, json!({})).await).await;
        assert_eq!(
            (&exchange["state"], &exchange["reading"]["encoding"]),
            (&json!("DONE"), &json!(encoding)),
            "{name}: {exchange:#}"
        );
        assert_eq!(counts(&exchange)[4], 0, "{name}: {}", result(world, &exchange).await);
        assert_eq!(product(world, "X").await["name"], "Café Größe", "{name}");
    }
    works.kill().await;
}

async fn lines_of_json_may_clear_what_a_cell_cannot_say(world: &World) {
    let works = Works::begin(world);
    let lines = "{\"sku\":\"j-1\",\"name\":\"One\",\"description\":\"long\",\"barcodes\":[\"4006381333931\",{\"code\":\"12345670\",\"packQuantity\":6}]}\r\n\
        \n\
        {\"sku\":\"j-1\"\n\
        {\"sku\":\"j-2\",\"name\":\"Two\",\"colour\":\"red\"}\n";
    let exchange = wait_for_end(world, &import(world, "PRODUCTS", lines, json!({})).await).await;
    assert_eq!((&exchange["reading"]["format"], counts(&exchange)), (&json!("JSONL"), [3, 1, 0, 0, 2]), "{exchange:#}");
    assert_eq!(product(world, "j-1").await["barcodes"].as_array().unwrap().len(), 2);
    let lines = "{\"sku\":\"j-1\",\"description\":null,\"barcodes\":null}\n";
    let exchange = wait_for_end(world, &import(world, "PRODUCTS", lines, json!({})).await).await;
    assert_eq!(counts(&exchange), [1, 0, 1, 0, 0], "{exchange:#}");
    let one = product(world, "j-1").await;
    assert_eq!((&one["description"], &one["barcodes"]), (&json!(""), &json!([])));
    // In a table an empty cell changes nothing, and a marked one clears the field.
    let table = "sku,name,description\nj-1,,kept\n";
    wait_for_end(world, &import(world, "PRODUCTS", table, json!({})).await).await;
    assert_eq!(product(world, "j-1").await["description"], "kept");
    wait_for_end(world, &import(world, "PRODUCTS", "sku,description\nj-1,\\N\n", json!({})).await).await;
    assert_eq!(product(world, "j-1").await["description"], "");
    works.kill().await;
}

async fn a_count_sheet_sets_stock_and_leaves_out_what_it_cannot(world: &World) {
    let works = Works::begin(world);
    let products = "sku,name\ns-1,One\ns-2,Two\ns-3,Three\n";
    wait_for_end(world, &import(world, "PRODUCTS", products, json!({})).await).await;
    let sheet = "sku,store,quantity\n\
        s-1,alpha-shop,10\n\
        S-2,ALPHA-SHOP,20\n\
        nobody,alpha-shop,1\n\
        s-3,nowhere,1\n\
        s-3,alpha-shop,-1\n\
        s-3,alpha-shop,much\n\
        s-1,alpha-shop,11\n\
        alpha-mug,alpha-shop,0\n\
        s-3,alpha-shop,30\n";
    let exchange = wait_for_end(
        world,
        &import(world, "STOCK", sheet, json!({ "mapping": [{ "column": "quantity", "field": "onHand" }] })).await,
    )
    .await;
    assert_eq!(counts(&exchange), [9, 0, 3, 0, 6], "{exchange:#}\n{}", result(world, &exchange).await);
    let codes: Vec<String> = result(world, &exchange)
        .await
        .lines()
        .skip(1)
        .map(|line| line.split(',').take(3).collect::<Vec<_>>().join(","))
        .collect();
    // A reservation holds some of the mugs; a level can have one figure only.
    assert_eq!(
        codes,
        [
            "3,NOT_FOUND,sku",
            "4,NOT_FOUND,store",
            "5,OUT_OF_RANGE,onHand",
            "6,INVALID,onHand",
            "7,INVALID,",
            "8,INSUFFICIENT_STOCK,onHand"
        ]
    );
    for (sku, expected) in [("s-1", 10), ("s-2", 20), ("s-3", 30)] {
        let query = "query($sku: String!) { product(by: { sku: $sku }) { stock { onHand } } }";
        assert_eq!(execute(world, query, json!({ "sku": sku })).await["product"]["stock"][0]["onHand"], expected, "{sku}");
    }
    let again =
        wait_for_end(world, &import(world, "STOCK", "sku,store,onHand\ns-1,alpha-shop,10\ns-2,alpha-shop,21\n", json!({})).await)
            .await;
    assert_eq!(counts(&again), [2, 0, 1, 1, 0], "what is so already changes nothing");
    works.kill().await;
}

async fn suppliers_categories_and_customers_come_in_files_too(world: &World) {
    let works = Works::begin(world);
    let suppliers = "code,name,leadTimeDays,email\nalpha-sup,Renamed,7,a@example.com\nnew-sup,New,,\nNEW-SUP,Twice,,\n,None,,\n";
    let exchange = wait_for_end(world, &import(world, "SUPPLIERS", suppliers, json!({})).await).await;
    assert_eq!(counts(&exchange), [4, 1, 1, 0, 2], "{exchange:#}\n{}", result(world, &exchange).await);
    let least = "code,minimumOrderValue,minimumOrderCurrency\nalpha-sup,150,EUR\nnew-sup,-1,\n";
    let exchange = wait_for_end(world, &import(world, "SUPPLIERS", least, json!({})).await).await;
    assert_eq!(counts(&exchange), [2, 0, 1, 0, 1], "{exchange:#}\n{}", result(world, &exchange).await);
    let query = "{ supplier(by: { code: \"alpha-sup\" }) { minimumOrderValue { amount currencyCode } } }";
    let minimum = execute(world, query, json!({})).await["supplier"]["minimumOrderValue"].clone();
    assert_eq!(minimum, json!({ "amount": "150.00", "currencyCode": "EUR" }));
    let categories = "slug,name,parent\nkitchen,Kitchen,\ncups,Cups,kitchen\nlost,Lost,nowhere\n";
    let exchange = wait_for_end(world, &import(world, "CATEGORIES", categories, json!({})).await).await;
    assert_eq!(counts(&exchange), [3, 2, 0, 0, 1], "{exchange:#}\n{}", result(world, &exchange).await);
    let customers = "externalRef,name,email\nc-1,Ada,ada@example.com\nc-2,Bob,nonsense\n";
    let exchange = wait_for_end(world, &import(world, "CUSTOMERS", customers, json!({})).await).await;
    assert_eq!(counts(&exchange), [2, 1, 0, 0, 1], "{exchange:#}\n{}", result(world, &exchange).await);
    works.kill().await;
}

async fn what_is_there_already_may_be_refused(world: &World) {
    let works = Works::begin(world);
    let text = "sku,name\nalpha-mug,Other\nfresh,Fresh\n";
    let exchange = wait_for_end(world, &import(world, "PRODUCTS", text, json!({ "mode": "CREATE" })).await).await;
    assert_eq!(counts(&exchange), [2, 1, 0, 0, 1], "{exchange:#}");
    assert!(result(world, &exchange).await.contains("1,DUPLICATE,sku,"));
    works.kill().await;
}

async fn an_import_can_be_ended_early(world: &World) {
    let id = import(world, "PRODUCTS", "sku,name\nnever,Never\n", json!({})).await;
    let cancel = "mutation($id: ID!) { dataJobCancel(id: $id) { dataJob { state } userErrors { code field message } } }";
    let payload = world.must_mutate(&world.ours, cancel, json!({ "id": id })).await;
    assert_eq!(payload["dataJob"]["state"], "CANCELLED");
    let again = execute(world, cancel, json!({ "id": id })).await["dataJobCancel"].clone();
    assert_eq!(again["userErrors"][0]["code"], "INVALID_STATE", "{again:#}");
    let works = Works::begin(world);
    // A later import is done; by then the cancelled one would have run too.
    let later = wait_for_end(world, &import(world, "PRODUCTS", "sku,name\nlater,Later\n", json!({})).await).await;
    assert_eq!(later["state"], "DONE");
    assert_eq!(
        (read_exchange(world, &id).await["state"].clone(), product(world, "never").await),
        (json!("CANCELLED"), Value::Null)
    );
    assert_eq!(download(world, &later["result"]["downloadUrl"]).await, b"row,code,field,message,key\r\n");
    works.kill().await;
}
