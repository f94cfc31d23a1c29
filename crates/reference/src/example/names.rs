//! Example values of fields, chosen by the field's name.

/// Nouns with the prefix of their ids, longer names before those they begin with.
const NOUNS: [(&str, &str); 59] = [
    ("replenishmentplan", "rpl"),
    ("replenishmentpolicy", "rpp"),
    ("liquidationplan", "lqp"),
    ("fulfilmentwork", "fwk"),
    ("fulfilmentwave", "fwv"),
    ("fulfilment", "ful"),
    ("creditnote", "inv"),
    ("invoice", "inv"),
    ("legalentity", "len"),
    ("note", "nte"),
    ("attachment", "att"),
    ("exportschedule", "xsc"),
    ("savedviewlink", "svl"),
    ("savedviewschedule", "svs"),
    ("savedview", "svw"),
    ("revaluation", "rvl"),
    ("stockanomaly", "anm"),
    ("payment", "pay"),
    ("purchaseorderline", "pol"),
    ("blanketorder", "bor"),
    ("purchaseorder", "por"),
    ("supplierreturn", "srt"),
    ("orderline", "oln"),
    ("order", "ord"),
    ("reservation", "rsv"),
    ("stockrelease", "rsv"),
    ("stockreverse", "mov"),
    ("movement", "mov"),
    ("returnline", "rln"),
    ("return", "ret"),
    ("transferline", "tln"),
    ("transfer", "trf"),
    ("countline", "cln"),
    ("count", "cnt"),
    ("stocktake", "cnt"),
    ("productfamily", "fam"),
    ("family", "fam"),
    ("image", "img"),
    ("document", "doc"),
    ("product", "prd"),
    ("storegroup", "grp"),
    ("group", "grp"),
    ("store", "sto"),
    ("category", "cat"),
    ("supplier", "sup"),
    ("customer", "cus"),
    ("channel", "chn"),
    ("lot", "lot"),
    ("alertrule", "arl"),
    ("alert", "alr"),
    ("apikey", "key"),
    ("integration", "int"),
    ("member", "mem"),
    ("role", "rol"),
    ("session", "ses"),
    ("webhookendpoint", "whe"),
    ("exchange", "exc"),
    ("datajob", "exc"),
    ("file", "fil"),
];
/// Code of a second store, which receives goods.
pub(super) const OTHER_STORE: &str = "LEEDS";

/// The last part of an id: 26 characters that encode a UUID.
const ID: &str = "01h455vb4pex5vsknk084sn02q";
/// Last part of the ID of a second object of the same kind.
const OTHER_ID: &str = "01h455vb4pex5vsknk084sn02r";

/// An ID of the kind that the field names: `storeId` by its own name, `id` by its input or the root
/// field, `lineId` by the document.
pub(super) fn id(name: &str, owner: &str, root: &str) -> String {
    let (lower_name, owner, root) = (name.to_lowercase(), owner.to_lowercase(), root.to_lowercase());
    let noun_prefix = |text: &str| NOUNS.iter().find(|(noun, _)| text.starts_with(noun)).map(|(_, prefix)| *prefix);
    let prefix = match lower_name.as_str() {
        "lineid" => NOUNS.iter().find(|(noun, _)| noun.strip_suffix("line").is_some_and(|noun| root.starts_with(noun))),
        "documentid" | "id" if root == "documentreverse" => Some(&("transfer", "trf")),
        "documentid" | "id" if root == "papercreate" => Some(&("fulfilmentwork", "fwk")),
        "documentid" | "id" if root == "papers" => Some(&("order", "ord")),
        "id" if root == "orderholdlift" => Some(&("hold", "hld")),
        "id" if root == "fulfilmenttrackingset" => Some(&("parcel", "pcl")),
        "job" | "jobid" => Some(&("job", "job")),
        "nodeid" if root == "nodetagsset" => Some(&("supplier", "sup")),
        // Any object: the one that most have.
        "nodeid" => Some(&("product", "prd")),
        _ => NOUNS.iter().find(|(noun, _)| lower_name.starts_with(noun)),
    };
    let special_prefix = || match root.as_str() {
        root if root.starts_with("job") => Some("job"),
        root if root.starts_with("invitation") => Some("mem"),
        "productimageremove" => Some("img"),
        "productdocumentremove" => Some("doc"),
        "attachmentremove" => Some("att"),
        _ => None,
    };
    let prefix =
        prefix.map(|(_, prefix)| *prefix).or_else(special_prefix).or_else(|| noun_prefix(&owner)).or_else(|| noun_prefix(&root));
    format!("{}_{}", prefix.unwrap_or("prd"), if lower_name == "intoid" { OTHER_ID } else { ID })
}

/// The value of an enum that a root field takes, where it is not the first.
pub(super) fn example_choice(name: &str, root: &str) -> Option<&'static str> {
    match (root, name) {
        ("stockMove", "to") => Some("QUARANTINE"),
        ("stockMove", "reasonCode") => Some("DAMAGE"),
        ("transferClose", "reasonCode") => Some("LOSS"),
        _ => None,
    }
}

pub(super) fn integer(name: &str) -> &'static str {
    match name {
        "fromSeq" | "expectedVersion" => "1",
        "toSeq" => "100",
        "within" => "30",
        "points" => "10000",
        "restoreRate" => "1000",
        "in" => "17",
        "onHand" | "counted" | "expectedOnHand" => "12",
        _ => "2",
    }
}

pub(super) fn float(name: &str) -> &'static str {
    match name {
        "latitude" => "51.5072",
        "longitude" => "-0.1276",
        _ => "0.5",
    }
}

/// A day: in the past for what begins or happened, in the future for what ends.
pub(super) fn date(name: &str) -> &'static str {
    match name {
        "from" | "validFrom" | "day" | "on" | "occurredAt" | "at" => "2026-11-02",
        "to" => "2026-11-30",
        _ => "2027-01-31",
    }
}

pub(super) fn text(name: &str, owner: &str, root: &str) -> String {
    let example = match name {
        "idempotencyKey" => return format!("{}-1", kebab_case(root)),
        "code" => code(owner, root),
        "name" | "title" => title(owner, root),
        "sku" if root == "lotCreate" => "CHEDDAR",
        "sku" => "MUG-BLUE",
        "barcode" => "4006381333931",
        "slug" => "mugs",
        "number" if owner == "InvoiceRef" => "INV-1",
        "number" => "1",
        "pattern" => "SO-{n:6}",
        "email" if owner.starts_with("Supplier") => "orders@pottery.example",
        "email" | "emails" => "clerk@shop.example",
        "password" | "currentPassword" => "a warehouse full of mugs",
        "newPassword" => "a depot full of teapots",
        "token" | "challengeToken" | "refreshToken" => "the-token-that-you-received",
        "displayName" => "Ada Lovelace",
        "tenantSlug" if root == "sandboxCreate" => "mug-shop-sandbox",
        "tenant" | "tenantSlug" => "mug-shop",
        "tenantName" => "Mug Shop",
        "url" => "https://shop.example/hooks",
        "externalRef" | "ref" => "web-1001",
        "eventTypes" | "types" => "order.*",
        "permissions" => "stock.read",
        "optionNames" => "Size",
        "reason" | "note" => "Agreed by telephone",
        "trackingNumber" => "JD014600003",
        "source" => "ECB",
        "countries" => "GB",
        "method" => "card",
        "column" => "sku",
        "key" if root.starts_with("role") => "stock-clerk",
        "key" => "colour",
        "value" => "blue",
        "kind" if root.to_lowercase().contains("hold") => "FRAUD",
        "text" if root.starts_with("note") => "Counted twice.",
        "document" => "query { stores(first: 10) { nodes { code name } } }",
        "mutation" => {
            "mutation ($input: StockAdjustInput!) { stockAdjust(input: $input) { levels { id } userErrors { code message field } } }"
        }
        "ecbCsv" => "Date, USD, GBP\n02 November 2026, 1.0832, 0.8642\n",
        "from" => "old",
        "to" => "new",
        _ => "example",
    };
    example.to_owned()
}

fn code(owner: &str, root: &str) -> &'static str {
    let (owner, root) = (owner.to_lowercase(), root.to_lowercase());
    let names = |noun: &str| owner.starts_with(noun) || (!owner.ends_with("ref") && root.starts_with(noun));
    match () {
        () if names("channel") => "WEB",
        () if names("lot") => "L-2026-11",
        () if names("supplier") => "POTTERY",
        () if names("storegroup") => "SOUTH",
        () if names("carrier") => "DHL",
        () if names("legalentity") => "MUG-SHOP",
        () if names("factorseries") => "SPRING",
        () if names("holdrule") => "LARGE",
        () if owner == "fulfilmentworkcollectinput" => "123456",
        () if owner.is_empty() && root.starts_with("scan") => "4006381333931",
        () if owner.is_empty() => "123456",
        () => "LONDON",
    }
}

fn title(owner: &str, root: &str) -> &'static str {
    let root = if owner.is_empty() { root.to_lowercase() } else { owner.to_lowercase() };
    let names = [
        ("product", "Blue mug"),
        ("storegroup", "South"),
        ("store", "London"),
        ("supplier", "Pottery Ltd"),
        ("category", "Mugs"),
        ("customer", "Ada Lovelace"),
        ("channel", "Web shop"),
        ("apikey", "Production"),
        ("integration", "Web shop"),
        ("role", "Stock clerk"),
        ("session", "Till 2"),
        ("fileupload", "mugs.csv"),
        ("tenant", "Mug Shop"),
    ];
    names.iter().find(|(noun, _)| root.starts_with(noun)).map_or("Example", |(_, name)| name)
}

/// `orderCreate` as `order-create`.
fn kebab_case(name: &str) -> String {
    let mut out = String::new();
    for char in name.chars() {
        if char.is_uppercase() {
            out.push('-');
        }
        out.extend(char.to_lowercase());
    }
    out
}
