//! Data of a company beside its trade: a webhook endpoint, and goods that are kept by lots.

use std::collections::BTreeMap;

use entrepot::audit::Origin;
use serde_json::{Value, json};

use super::world::{Company, World};

impl World {
    /// A webhook endpoint, and a job that is to send something to it again.
    pub async fn hooks(&self, company: &Company, ids: &mut BTreeMap<&'static str, String>) {
        let word = company.word;
        let errors = "userErrors { code field message }";
        let query = format!(
            "mutation($input: WebhookEndpointCreateInput!) {{ webhookEndpointCreate(input: $input) {{ webhookEndpoint {{ id }} {errors} }} }}"
        );
        // A name that nobody can have (RFC 2606): messages are attempted, and reach nothing.
        let input =
            json!({ "url": format!("https://{word}.example/hook"), "eventTypes": ["*"], "description": format!("{word} hook") });
        ids.insert("whe", told(&self.must_mutate(company, &query, json!({ "input": input })).await["webhookEndpoint"]["id"]));
        let query = format!(
            "mutation($input: WebhookEndpointReplayInput!) {{ webhookEndpointReplay(input: $input) {{ job {{ id }} {errors} }} }}"
        );
        let input = json!({ "id": ids["whe"], "fromSeq": 1, "toSeq": 1 });
        ids.insert("job", told(&self.must_mutate(company, &query, json!({ "input": input })).await["job"]["id"]));
    }

    /// A lot of a product that is tracked by lots. It has no stock: scenarios of this world count
    /// the shop's levels.
    pub async fn lots(&self, company: &Company, ids: &mut BTreeMap<&'static str, String>) {
        let word = company.word;
        let input = json!({ "sku": format!("{word}-cheese"), "name": format!("{word} cheese"), "tracking": "LOT" });
        let query = "mutation($input: ProductCreateInput!) { productCreate(input: $input) { product { id } userErrors { code field message } } }";
        let cheese = self.must_mutate(company, query, json!({ "input": input })).await["product"]["id"].clone();
        let input = json!({ "idempotencyKey": format!("{word}-lot"), "product": { "id": cheese }, "code": format!("{word}-lot"),
            "expiresOn": "2099-01-31", "note": format!("{word} note") });
        let query =
            "mutation($input: LotCreateInput!) { lotCreate(input: $input) { lot { id } userErrors { code field message } } }";
        ids.insert("lot", told(&self.must_mutate(company, query, json!({ "input": input })).await["lot"]["id"]));
    }
}

impl World {
    /// A file that has been uploaded, and an export that was cancelled before it began.
    pub async fn files(&self, company: &Company, ids: &mut BTreeMap<&'static str, String>) {
        let word = company.word;
        let text = format!("code;name\n{word}-imported;{word} imports\n");
        ids.insert("fil", self.sent(company, "rows.csv", text.into_bytes()).await);
        let query = "mutation($input: ExportCreateInput!) { exportCreate(input: $input) { dataJob { id } userErrors { code field message } } }";
        let input = json!({ "idempotencyKey": format!("{word}-export"), "entity": "PRODUCTS" });
        ids.insert("exc", told(&self.must_mutate(company, query, json!({ "input": input })).await["dataJob"]["id"]));
        self.media(company, ids).await;
        // No job is left for scenarios that start workers.
        let query = "mutation($id: ID!) { dataJobCancel(id: $id) { userErrors { code field message } } }";
        self.must_mutate(company, query, json!({ "id": ids["exc"] })).await;
        self.alerts(company, ids).await;
    }

    /// An alert, as the purchase order is late, and a rule.
    async fn alerts(&self, company: &Company, ids: &mut BTreeMap<&'static str, String>) {
        self.node.alerts.scan_all().await.unwrap();
        let found = self.execute(company, Some(company.owner.clone()), "{ alerts { nodes { id } } }", &json!({})).await;
        ids.insert("alr", told(&found["data"]["alerts"]["nodes"][0]["id"]));
        let query = "mutation($input: AlertRuleUpsertInput!) { alertRuleUpsert(input: $input) { alertRule { id } userErrors { code field message } } }";
        let input = json!({ "idempotencyKey": format!("{}-rule", company.word), "kind": "LOW_STOCK", "storeId": ids["sto"] });
        ids.insert("arl", told(&self.must_mutate(company, query, json!({ "input": input })).await["alertRule"]["id"]));
    }

    /// A picture and a document that belong to nothing yet.
    pub async fn unused_files(&self, company: &Company) -> (String, String, String) {
        let picture = self.sent_as(company, ("IMAGE", "unused.gif"), PIXEL.to_vec()).await;
        let manual = self.sent_as(company, ("DOCUMENT", "unused.pdf"), b"%PDF-1.7\n%%EOF".to_vec()).await;
        (picture, manual, self.sent_as(company, ("DOCUMENT", "delivery.gif"), PIXEL.to_vec()).await)
    }

    /// A picture, a document and an attachment of a product.
    async fn media(&self, company: &Company, ids: &mut BTreeMap<&'static str, String>) {
        let word = company.word;
        let file = self.sent_as(company, ("IMAGE", &format!("{word}.gif")), PIXEL.to_vec()).await;
        let query = "mutation($input: ProductImageAddInput!) { productImageAdd(input: $input) { image { id } userErrors { code field message } } }";
        let input = json!({ "idempotencyKey": format!("{word}-image"), "productId": ids["prd"], "fileId": file, "alt": format!("{word} picture") });
        ids.insert("img", told(&self.must_mutate(company, query, json!({ "input": input })).await["image"]["id"]));
        let file = self.sent_as(company, ("DOCUMENT", &format!("{word}.pdf")), b"%PDF-1.7\n%%EOF".to_vec()).await;
        let query = "mutation($input: ProductDocumentAddInput!) { productDocumentAdd(input: $input) { document { id } userErrors { code field message } } }";
        let input = json!({ "idempotencyKey": format!("{word}-document"), "productId": ids["prd"], "fileId": file, "title": format!("{word} sheet") });
        ids.insert("doc", told(&self.must_mutate(company, query, json!({ "input": input })).await["document"]["id"]));
        let file = self.sent_as(company, ("DOCUMENT", &format!("{word}.gif")), PIXEL.to_vec()).await;
        let query = "mutation($input: AttachmentAddInput!) { attachmentAdd(input: $input) { attachment { id } userErrors { code field message } } }";
        let input = json!({ "idempotencyKey": format!("{word}-attachment"), "nodeId": ids["prd"], "fileId": file, "name": format!("{word} photo") });
        ids.insert("att", told(&self.must_mutate(company, query, json!({ "input": input })).await["attachment"]["id"]));
    }

    /// A file of an import, with its bytes.
    pub async fn sent(&self, company: &Company, name: &str, bytes: Vec<u8>) -> String {
        self.sent_as(company, ("IMPORT", name), bytes).await
    }

    /// A file for a purpose, with its bytes.
    pub async fn sent_as(&self, company: &Company, (purpose, name): (&str, &str), bytes: Vec<u8>) -> String {
        let query = "mutation($input: FileUploadCreateInput!) { fileUploadCreate(input: $input) {
            file { id state } uploadUrl userErrors { code field message } } }";
        let input = json!({ "purpose": purpose, "name": name });
        let payload = self.must_mutate(company, query, json!({ "input": input })).await;
        let link = told(&payload["uploadUrl"]);
        let parts = futures_util::stream::iter(bytes.chunks(60_000).map(|part| Ok(part.to_vec().into())).collect::<Vec<_>>());
        let file = self.node.files.receive(link.rsplit('/').next().unwrap(), None, Origin::default(), parts).await;
        file.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        told(&payload["file"]["id"])
    }
}

/// The smallest picture: one pixel.
pub const PIXEL: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

fn told(id: &Value) -> String {
    id.as_str().unwrap().to_owned()
}
