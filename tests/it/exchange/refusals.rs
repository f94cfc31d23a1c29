//! Reports on refused rows and files: they have enough details to correct them.

use serde_json::json;

use super::world::{Works, World, counts, execute, import, product, result, wait_for_end};
use crate::world::on_both;

on_both!(
    a_refused_row_is_told_with_what_it_is_found_by,
    a_row_behind_a_refused_one_is_looked_at_by_itself,
    a_header_that_cannot_be_used_is_told_with_what_it_was_taken_for,
    a_number_of_many_digits_is_kept_or_refused,
);

/// Row and key of each refusal.
fn keys(report: &str) -> Vec<(String, String)> {
    let mut rows = csv::Reader::from_reader(report.as_bytes());
    rows.records().map(Result::unwrap).map(|row| (row[0].to_owned(), row[4].to_owned())).collect()
}
fn row_refusals(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(row, key)| ((*row).to_owned(), (*key).to_owned())).collect()
}

async fn a_refused_row_is_told_with_what_it_is_found_by(world: &World) {
    let works = Works::begin(world);
    let lines = |from: usize, to: usize| (from..to).map(|n| format!("k-{n},Key {n}\n")).collect::<String>();
    let text = format!("sku,name\nfirst,\n{}=last,\n,Nobody\none,cell,more\n", lines(0, 1_100));
    let exchange = wait_for_end(world, &import(world, "PRODUCTS", text, json!({})).await).await;
    assert_eq!(counts(&exchange), [1_104, 1_100, 0, 0, 4], "{exchange:#}");
    // As in an export, what a spreadsheet would run is marked.
    assert_eq!(
        keys(&result(world, &exchange).await),
        row_refusals(&[("1", "first"), ("1102", "'=last"), ("1103", ""), ("1104", "")])
    );
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (at, row) in (0..).zip([["barcode", "store", "delta"], ["none-1", "alpha-shop", "1"], ["nothing", "alpha-shop", "x"]]) {
        for (column, text) in (0..).zip(row) {
            sheet.write_string(at, column, text).unwrap();
        }
    }
    let exchange = wait_for_end(world, &import(world, "STOCK_CHANGES", book.save_to_buffer().unwrap(), json!({})).await).await;
    assert_eq!(keys(&result(world, &exchange).await), row_refusals(&[("1", "none-1"), ("2", "nothing")]));
    let orders = "externalRef,store,sku,quantity\nweb-1,alpha-shop,nobody,1\nweb-1,alpha-shop,alpha-mug,1\n";
    let exchange = wait_for_end(world, &import(world, "ORDERS", orders, json!({})).await).await;
    assert_eq!(keys(&result(world, &exchange).await), row_refusals(&[("1", "web-1"), ("2", "web-1")]));
    works.kill().await;
}

async fn a_row_behind_a_refused_one_is_looked_at_by_itself(world: &World) {
    let works = Works::begin(world);
    for (noun, text) in [
        ("PRODUCTS", "sku,name,price,priceCurrency\nmug,,1.00,GBP\nMUG,Mug,1.00,GBP\nmug,Other,1.00,GBP\n"),
        ("SUPPLIERS", "code,name,email\nhoward,Howard,none\nHOWARD,Howard,h@example.com\nhoward,Other,\n"),
        ("CATEGORIES", "slug,name,parent\nkept,Kept,nowhere\nkept,Kept,\nkept,Other,\n"),
        ("CUSTOMERS", "externalRef,name,email\nc-7,Ada,none\nc-7,Ada,ada@example.com\nc-7,Other,\n"),
    ] {
        let exchange = wait_for_end(world, &import(world, noun, text, json!({})).await).await;
        let report = result(world, &exchange).await;
        assert_eq!(counts(&exchange), [3, 1, 0, 0, 2], "{noun}: {report}");
        // A row that contradicts one that the same file has created is refused as before.
        assert!(report.contains("\n3,DUPLICATE,"), "{noun}: {report}");
    }
    assert_eq!(product(world, "mug").await["name"], "Mug");
    works.kill().await;
}

async fn a_header_that_cannot_be_used_is_told_with_what_it_was_taken_for(world: &World) {
    let works = Works::begin(world);
    for (noun, text) in [
        ("PRODUCTS", "Title;Colour\nMug;red\n"),
        ("ORDERS", "Order number;Colour\n7;red\n"),
        ("PRODUCTS", "sku;Colour;SKU\nmug;red;mug\n"),
    ] {
        let failed = wait_for_end(world, &import(world, noun, text, json!({})).await).await;
        assert_eq!(failed["state"], "FAILED", "{failed:#}");
        let reading = &failed["reading"];
        assert_eq!((&reading["format"], &reading["delimiter"]), (&json!("CSV"), &json!(";")), "{failed:#}");
        let columns = reading["columns"].as_array().unwrap();
        assert!(columns[0]["field"].is_string() && columns[1] == json!({ "name": "Colour", "field": null }), "{failed:#}");
    }
    let failed = wait_for_end(world, &import(world, "PRODUCTS", vec![b','; 300], json!({})).await).await;
    assert_eq!(failed["reading"]["columns"].as_array().unwrap().len(), 256, "{failed:#}");
    works.kill().await;
}

async fn a_number_of_many_digits_is_kept_or_refused(world: &World) {
    let works = Works::begin(world);
    let long = "123456789012345678901234";
    let lines = [
        format!(r#"{{"sku":{long},"name":"Long"}}"#),
        format!(r#"{{"sku":"kept","name":"Kept","metadata":{{"ref":{}}}}}"#, u64::MAX),
        format!(r#"{{"sku":"lost","name":"Lost","metadata":{{"ref":{long}}}}}"#),
    ];
    let exchange = wait_for_end(world, &import(world, "PRODUCTS", lines.join("\n"), json!({})).await).await;
    let report = result(world, &exchange).await;
    assert_eq!(counts(&exchange), [3, 2, 0, 0, 1], "{report}");
    assert!(report.contains("\n3,INVALID,metadata,"), "{report}");
    assert_eq!(product(world, long).await["name"], "Long");
    let answer = execute(world, "{ product(by: { sku: \"kept\" }) { metadata } }", json!({})).await;
    assert_eq!(answer["product"]["metadata"], json!({ "ref": u64::MAX }));
    let rows = format!("sku,name,metadata\nlost,Lost,\"{{\"\"ref\"\":{long}}}\"\n");
    let exchange = wait_for_end(world, &import(world, "PRODUCTS", rows, json!({})).await).await;
    assert_eq!(counts(&exchange), [1, 0, 0, 0, 1], "{exchange:#}");
    assert!(result(world, &exchange).await.contains("\n1,INVALID,metadata,"));
    works.kill().await;
}
