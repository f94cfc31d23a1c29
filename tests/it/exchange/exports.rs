//! Exports, and imports of the files they wrote.

use serde_json::{Value, json};

use super::world::{Works, World, counts, download, execute, export, import, product, result, wait_for_end};
use crate::{catalog::fields::goods_of, world::on_both};

on_both!(
    no_formula_survives_into_an_export,
    no_formula_survives_into_a_workbook,
    every_noun_is_exported_in_every_form,
    an_export_imported_again_changes_nothing,
    a_workbooks_texts_are_what_they_are,
    an_export_shows_what_its_maker_may_see,
    whose_contacts_were_exported_is_in_the_log,
);

async fn no_formula_survives_into_an_export(world: &World) {
    let works = Works::begin(world);
    let evil = "{\"sku\":\"=1+1\",\"name\":\"=cmd|' /C calc'!A0\",\"description\":\"@SUM(A1)\"}\n{\"sku\":\"minus\",\"name\":\"-2\",\"description\":\"it's fine\"}\n";
    let finished_exchange = wait_for_end(world, &import(world, "PRODUCTS", evil, json!({})).await).await;
    assert_eq!(counts(&finished_exchange), [2, 2, 0, 0, 0], "{finished_exchange:#}");
    let exchange = wait_for_end(world, &export(world, json!({ "entity": "PRODUCTS" })).await).await;
    let text = result(world, &exchange).await;
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    for row in rows.records() {
        for cell in &row.unwrap() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?} would be run");
        }
    }
    // An import of the export restores the same values.
    let again = wait_for_end(world, &import(world, "PRODUCTS", text, json!({})).await).await;
    assert_eq!(counts(&again)[1..], [0, 0, counts(&again)[0], 0], "{again:#}\n{}", result(world, &again).await);
    assert_eq!(product(world, "=1+1").await["name"], "=cmd|' /C calc'!A0");
    works.kill().await;
}

async fn no_formula_survives_into_a_workbook(world: &World) {
    use calamine::{Data, Reader};
    let works = Works::begin(world);
    let evil =
        ["=1+1", "=cmd|' /C calc'!A0", "=HYPERLINK(\"http://evil.example\")", "@SUM(A1)", "+1", "-2", "http://evil.example"];
    let rows: String =
        evil.iter().enumerate().map(|(n, name)| format!("{}\n", json!({ "sku": format!("=E{n}"), "name": name }))).collect();
    wait_for_end(world, &import(world, "PRODUCTS", rows, json!({})).await).await;
    let exchange = wait_for_end(world, &export(world, json!({ "entity": "PRODUCTS", "format": "XLSX" })).await).await;
    let bytes = download(world, &exchange["result"]["downloadUrl"]).await;
    let mut book = calamine::Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
    assert_eq!(book.worksheet_formula("Rows 1").unwrap().cells().filter(|cell| !cell.2.is_empty()).count(), 0);
    let range = book.worksheet_range("Rows 1").unwrap();
    let texts: Vec<&str> =
        range.cells().filter_map(|(_, _, cell)| if let Data::String(text) = cell { Some(text.as_str()) } else { None }).collect();
    for name in evil {
        assert!(texts.contains(&name), "{name} is a text as it was, among {texts:?}");
    }
    works.kill().await;
}

async fn every_noun_is_exported_in_every_form(world: &World) {
    let works = Works::begin(world);
    crate::demand::days::update_book(world).await;
    for (noun, least) in [
        ("PRODUCTS", 1),
        ("STOCK", 1),
        ("MOVEMENTS", 4),
        ("ORDERS", 1),
        ("SUPPLIERS", 1),
        ("CATEGORIES", 1),
        ("CUSTOMERS", 1),
        ("DEMAND_FACTS", 1),
    ] {
        let mut sizes = Vec::new();
        for format in ["CSV", "JSONL", "XLSX"] {
            let exchange = wait_for_end(world, &export(world, json!({ "entity": noun, "format": format })).await).await;
            assert_eq!(exchange["state"], "DONE", "{noun} {format}: {exchange:#}");
            let bytes = download(world, &exchange["result"]["downloadUrl"]).await;
            assert_eq!(bytes.len() as i64, exchange["result"]["size"].as_i64().unwrap());
            let rows = match format {
                "CSV" => csv::Reader::from_reader(bytes.as_slice()).records().filter(Result::is_ok).count(),
                "JSONL" => bytes
                    .split(|byte| *byte == b'\n')
                    .filter(|line| !line.is_empty())
                    .filter(|line| serde_json::from_slice::<Value>(line).unwrap().is_object())
                    .count(),
                _ => {
                    use calamine::Reader;
                    let mut book = calamine::Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
                    book.worksheet_range("Rows 1").unwrap().rows().count() - 1
                }
            };
            assert!(rows >= least, "{noun} {format} has {rows} rows");
            assert_eq!(rows as i64, counts(&exchange)[0], "{noun} {format}");
            sizes.push(rows);
        }
        assert!(sizes.iter().all(|rows| *rows == sizes[0]), "{noun}: {sizes:?}");
    }
    // A workbook of ours is read again.
    let exchange = wait_for_end(world, &export(world, json!({ "entity": "PRODUCTS", "format": "XLSX" })).await).await;
    let book = download(world, &exchange["result"]["downloadUrl"]).await;
    let again = wait_for_end(world, &import(world, "PRODUCTS", book, json!({})).await).await;
    let all = counts(&exchange)[0];
    assert_eq!((&again["reading"]["format"], counts(&again)), (&json!("XLSX"), [all, 0, 0, all, 0]), "{again:#}");
    let none = wait_for_end(world, &export(world, json!({ "entity": "PRODUCTS", "before": "2000-01-01T00:00:00Z" })).await).await;
    assert_eq!(counts(&none), [0; 5]);
    let none = wait_for_end(
        world,
        &export(world, json!({ "entity": "PRODUCTS", "format": "JSONL", "before": "2000-01-01T00:00:00Z" })).await,
    )
    .await;
    assert_eq!((none["state"].as_str(), counts(&none)), (Some("DONE"), [0; 5]), "{none:#}");
    works.kill().await;
}

async fn an_export_imported_again_changes_nothing(world: &World) {
    let works = Works::begin(world);
    let texts = ["=x", "'=x", "''=x", "'a", "\\N", "'\\N", "\\\\N", "-1", "@a", "[1]", "a|b", "a_x0041_b", "two  words"];
    let codes = ["A|B", "A,B", "A;B", "A B", "A*B", "A*12", "\\N", "'=A", "=A", "[A", "\"A\"", "'\\N", "plain"];
    let row = |(at, text): (usize, &&str)| {
        let barcodes = json!([codes[at], { "code": format!("P{}", codes[at]), "packQuantity": 12 }]);
        let mut product = goods_of(text, text, json!([format!("tag {at}"), "two, words"]));
        product["description"] = json!(format!("{text}\r\n\ttext"));
        product["barcodes"] = barcodes;
        product["weightGrams"] = json!(at);
        product["tariffNumber"] = json!("0912.00");
        format!("{product}\n")
    };
    let finished_exchange =
        wait_for_end(world, &import(world, "PRODUCTS", texts.iter().enumerate().map(row).collect::<String>(), json!({})).await)
            .await;
    assert_eq!(
        counts(&finished_exchange),
        [13, 13, 0, 0, 0],
        "{finished_exchange:#}\n{}",
        result(world, &finished_exchange).await
    );
    let query = "{ products(first: 40) { nodes { sku name description version barcodes { code packQuantity } } } }";
    let before = execute(world, query, json!({})).await;
    for format in ["CSV", "XLSX", "JSONL"] {
        let exchange = wait_for_end(world, &export(world, json!({ "entity": "PRODUCTS", "format": format })).await).await;
        let bytes = download(world, &exchange["result"]["downloadUrl"]).await;
        let again = wait_for_end(world, &import(world, "PRODUCTS", bytes, json!({})).await).await;
        let all = counts(&exchange)[0];
        assert_eq!(counts(&again), [all, 0, 0, all, 0], "{format}: {again:#}\n{}", result(world, &again).await);
        assert_eq!(execute(world, query, json!({})).await, before, "{format}");
    }
    // A code without such a character is exported in its plain form.
    let exchange = wait_for_end(world, &export(world, json!({ "entity": "PRODUCTS" })).await).await;
    let text = result(world, &exchange).await;
    assert!(text.contains(",plain|Pplain*12,"), "{text}");
    works.kill().await;
}

async fn a_workbooks_texts_are_what_they_are(world: &World) {
    let works = Works::begin(world);
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let rows = [["sku", "name", "description"], ["'=x", "'-1", "'@a"], ["b", "'\\N", "\\N"]];
    for (at, row) in (0..).zip(rows) {
        for (column, text) in (0..).zip(row) {
            sheet.write_string(at, column, text).unwrap();
        }
    }
    let exchange = wait_for_end(world, &import(world, "PRODUCTS", book.save_to_buffer().unwrap(), json!({})).await).await;
    assert_eq!(counts(&exchange), [2, 2, 0, 0, 0], "{exchange:#}");
    assert_eq!(product(world, "=x").await, Value::Null, "another product");
    let mut first = product(world, "'=x").await;
    assert_eq!((first["name"].take(), first["description"].take()), (json!("'-1"), json!("'@a")));
    let mut second = product(world, "b").await;
    assert_eq!(
        (second["name"].take(), second["description"].take()),
        (json!("\\N"), json!("")),
        "said to be a text, and no value"
    );
    works.kill().await;
}

async fn an_export_shows_what_its_maker_may_see(world: &World) {
    let works = Works::begin(world);
    let query =
        "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } userErrors { code field message } } }";
    let input = json!({ "key": "exporter", "name": "Exporter", "permissions": ["exchange.run", "file.write", "product.read", "stock.read"] });
    let role = world.must_mutate(&world.ours, query, json!({ "input": input })).await["role"]["id"].clone();
    world.second_shop("charlie").await;
    let shop = json!({ "storeIds": [world.ours.ids["sto"]] });
    let everywhere = world.add_member_with("everywhere", json!([{ "roleId": role, "scope": { "all": true } }])).await;
    let local = world.add_member_with("local", json!([{ "roleId": role, "scope": shop }])).await;
    let create = "mutation($input: ExportCreateInput!) { exportCreate(input: $input) { dataJob { id } userErrors { code field message } } }";
    let show = "query($id: ID!) { node(id: $id) { ... on DataJob { state result { downloadUrl } } } }";
    let mut stores = Vec::new();
    for person in [everywhere, local] {
        let caller = world.caller(person).await;
        let input = json!({ "input": { "idempotencyKey": "mine", "entity": "STOCK" } });
        let answer = world.execute(&world.ours, Some(caller.clone()), create, &input).await;
        let id = answer["data"]["exportCreate"]["dataJob"]["id"].clone();
        wait_for_end(world, id.as_str().unwrap()).await;
        let mine = world.execute(&world.ours, Some(caller), show, &json!({ "id": id })).await["data"]["node"].clone();
        let bytes = download(world, &mine["result"]["downloadUrl"]).await;
        let codes: Vec<String> =
            csv::Reader::from_reader(bytes.as_slice()).records().map(|row| row.unwrap()[2].to_owned()).collect();
        stores.push(codes);
        // Others who may see the exchange do not get its result.
        let theirs = execute(world, show, json!({ "id": id })).await["node"].clone();
        assert_eq!(theirs, json!({ "state": "DONE", "result": null }));
    }
    assert!(stores[0].len() > stores[1].len(), "{stores:?}");
    assert!(stores[1].iter().all(|store| store == "alpha-shop"), "{stores:?}");
    // Costs are left out for callers who may not see them.
    let caller = world.caller(everywhere).await;
    let input = json!({ "input": { "idempotencyKey": "costs", "entity": "PRODUCTS", "format": "JSONL" } });
    let answer =
        world.execute(&world.ours, Some(caller.clone()), create, &input).await["data"]["exportCreate"]["dataJob"]["id"].clone();
    wait_for_end(world, answer.as_str().unwrap()).await;
    let mine = world.execute(&world.ours, Some(caller), show, &json!({ "id": answer })).await["data"]["node"].clone();
    let text = String::from_utf8(download(world, &mine["result"]["downloadUrl"]).await).unwrap();
    // The columns are missing too: an import would read empty cells as a change.
    assert!(!text.contains("unitCost") && !text.contains("costCurrency") && text.contains("\"price\":\"4.00\""), "{text}");
    let query = "{ products(first: 100) { nodes { sku version unitCost { amount } } } }";
    let before = execute(world, query, json!({})).await;
    assert!(before.to_string().contains("\"amount\":\"1.00\""), "{before:#}");
    let again = wait_for_end(world, &import(world, "PRODUCTS", text, json!({})).await).await;
    let all = counts(&again)[0];
    assert_eq!((counts(&again), execute(world, query, json!({})).await), ([all, 0, 0, all, 0], before), "{again:#}");
    works.kill().await;
}

/// Entries of the audit log about contacts of customers that were read.
async fn contacts_read(world: &World) -> Vec<Value> {
    world.node.audit.seal_all().await.unwrap();
    let query = "{ auditEntries(filter: { action: { eq: \"customer.contact.read\" } }, first: 50) { nodes { id } } }";
    execute(world, query, json!({})).await["auditEntries"]["nodes"].as_array().unwrap().clone()
}

async fn whose_contacts_were_exported_is_in_the_log(world: &World) {
    let works = Works::begin(world);
    let rows = "externalRef,name,country,email\nc-1,=HYPERLINK(\"x\"),GB,one@example.com\nc-2,Two,GB,\n";
    wait_for_end(world, &import(world, "CUSTOMERS", rows, json!({})).await).await;
    let before = contacts_read(world).await.len();
    let exchange = wait_for_end(world, &export(world, json!({ "entity": "CUSTOMERS" })).await).await;
    let text = result(world, &exchange).await;
    assert!(text.starts_with("externalRef,name,country,email\r\n"), "{text}");
    assert!(text.contains("one@example.com") && text.contains("'=HYPERLINK"), "{text}");
    assert_eq!(contacts_read(world).await.len(), before + 1, "one entry for the page");
    let query = "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } userErrors { code } } }";
    let input = json!({ "key": "shy", "name": "Shy", "permissions": ["exchange.run", "file.write", "customer.read"] });
    let role = world.must_mutate(&world.ours, query, json!({ "input": input })).await["role"]["id"].clone();
    let person = world.add_member_with("shy", json!([{ "roleId": role, "scope": { "all": true } }])).await;
    let caller = world.caller(person).await;
    let create = "mutation($input: ExportCreateInput!) { exportCreate(input: $input) { dataJob { id } userErrors { code } } }";
    let input = json!({ "input": { "idempotencyKey": "shy", "entity": "CUSTOMERS" } });
    let data_job_id =
        world.execute(&world.ours, Some(caller.clone()), create, &input).await["data"]["exportCreate"]["dataJob"]["id"].clone();
    wait_for_end(world, data_job_id.as_str().unwrap()).await;
    let show = "query($id: ID!) { node(id: $id) { ... on DataJob { result { downloadUrl } } } }";
    let mine =
        world.execute(&world.ours, Some(caller.clone()), show, &json!({ "id": data_job_id })).await["data"]["node"].clone();
    let text = String::from_utf8(download(world, &mine["result"]["downloadUrl"]).await).unwrap();
    assert!(text.contains("c-1") && !text.contains('@'), "{text}");
    assert_eq!(contacts_read(world).await.len(), before + 1, "nothing was told");
    let blind = world.ours.owner_with(&["exchange.run", "product.read"]);
    let denied = world.execute(&world.ours, Some(blind), create, &input).await;
    assert_eq!(
        (&denied["errors"][0]["code"], &denied["errors"][0]["permission"]),
        (&json!("FORBIDDEN"), &json!("customer.read"))
    );
    works.kill().await;
}
