//! Files of `deploy` that must agree with each other and with the program, in points that no tool
//! of `scripts/check-deploy.sh` checks.

use std::{collections::BTreeSet, fs};

use super::{files, no_faults, root};

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Names of variables in a text, by what follows each `beginning`.
fn variables(text: &str, beginning: &str) -> BTreeSet<String> {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect::<String>();
    let names = text.split(beginning).skip(1).map(name).filter(|name| !name.is_empty());
    names.map(|name| format!("ENTREPOT_{name}")).collect()
}

/// The number after the first occurrence of these words.
fn number(text: &str, words: &str) -> u32 {
    let rest = text.split_once(words).unwrap_or_else(|| panic!("\"{words}\" was not found")).1;
    let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("no number is behind \"{words}\""))
}

/// The rest of the line after the first occurrence of these words.
fn value<'a>(text: &'a str, words: &str) -> &'a str {
    let rest = text.split_once(words).unwrap_or_else(|| panic!("\"{words}\" was not found")).1;
    rest.lines().next().unwrap_or_default().trim()
}

/// Commands that an enum of `src/config` has.
fn commands(file: &str, name: &str) -> BTreeSet<String> {
    let source = text(file);
    let body = source.split_once(&format!("pub enum {name} {{\n")).and_then(|(_, rest)| rest.split_once("\n}"));
    let (body, _) = body.unwrap_or_else(|| panic!("{file} has no enum {name}"));
    let variants = body.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| line.starts_with(char::is_uppercase));
    // SigningKey is signing-key.
    let hyphens = |(at, letter): (usize, char)| {
        let hyphen = (at > 0 && letter.is_ascii_uppercase()).then_some('-');
        hyphen.into_iter().chain([letter.to_ascii_lowercase()])
    };
    let command =
        |line: &str| line.chars().take_while(char::is_ascii_alphanumeric).enumerate().flat_map(hyphens).collect::<String>();
    variants.map(command).collect()
}

#[test]
fn every_setting_of_a_deployment_is_read_by_a_flag() {
    let mut config = files(&root().join("src/config"), ".rs");
    config.push(root().join("src/config.rs"));
    let known: BTreeSet<String> =
        config.iter().flat_map(|path| variables(&fs::read_to_string(path).unwrap(), "env = \"ENTREPOT_")).collect();
    assert!(known.len() > 50, "the flags were not found");
    let mut places = files(&root().join("deploy/kubernetes"), ".yaml");
    places.extend(["Dockerfile", "docker-compose.yml", "deploy/systemd/entrepot.env"].map(|file| root().join(file)));
    let (mut faults, mut checked_count) = (Vec::new(), 0);
    for path in places {
        for name in variables(&fs::read_to_string(&path).unwrap(), "ENTREPOT_") {
            checked_count += 1;
            if !known.contains(&name) {
                faults.push(format!("{}: no flag reads {name}", path.display()));
            }
        }
    }
    assert!(checked_count > 20, "the settings were not found");
    no_faults(&faults);
}

#[test]
fn a_pod_is_reached_where_it_listens_and_ends_before_it_is_killed() {
    let base = |file: &str| text(&format!("deploy/kubernetes/base/{file}"));
    let (settings, front) = (base("kustomization.yaml"), base("front.conf"));
    assert_eq!(number(&front, "server 127.0.0.1:"), number(&settings, "ENTREPOT_LISTEN=127.0.0.1:"), "the node behind the front");
    let (port, metrics) = (number(&front, "listen "), number(&settings, "ENTREPOT_METRICS_LISTEN=0.0.0.0:"));
    // A number, as Kubernetes before 1.32 does not resolve names of sidecars' ports.
    assert_eq!(number(&base("service.yaml"), "targetPort: "), port, "what the Service leads to");
    let wall = base("network-policy.yaml");
    for open in [port, metrics] {
        assert!(wall.contains(&format!("port: {open} }}")), "the network policy lets nobody in at {open}");
    }
    let stop = number(&settings, "ENTREPOT_DRAIN_SECONDS=") + number(&settings, "ENTREPOT_SOCKET_DRAIN_SECONDS=") + 30;
    for file in ["many-nodes/nodes.yaml", "one-node/statefulset.yaml"] {
        let pod = text(&format!("deploy/kubernetes/{file}"));
        assert_eq!(number(&pod, "name: http, containerPort: "), port, "{file}");
        assert_eq!(number(&pod, "name: metrics, containerPort: "), metrics, "{file}");
        assert!(number(&pod, "terminationGracePeriodSeconds: ") >= stop, "{file} is killed before {stop} s");
    }
}

#[test]
fn what_is_written_on_its_way_to_the_bucket_is_not_kept_in_memory() {
    let dumps = ["dumps/dump.yaml", "dumps/drill.yaml", "dumps/prune.yaml"];
    for file in ["many-nodes/nodes.yaml", "many-nodes/workers.yaml", "one-node/statefulset.yaml"].into_iter().chain(dumps) {
        let pod = text(&format!("deploy/kubernetes/{file}"));
        assert!(
            pod.contains("mountPath: /tmp") && !pod.contains("medium: Memory"),
            "{file}: imports and results are written to /tmp"
        );
    }
}

#[test]
fn every_container_is_hardened() {
    let mut faults = Vec::new();
    for path in files(&root().join("deploy/kubernetes"), ".yaml") {
        let pods = fs::read_to_string(&path).unwrap();
        let lines = |beginning: &str| pods.lines().filter(|line| line.trim_start().starts_with(beginning)).count();
        let containers = lines("image: ");
        for wall in ["allowPrivilegeEscalation: false", "readOnlyRootFilesystem: true", "capabilities: { drop: [ALL] }"] {
            if lines(wall) != containers {
                faults.push(format!("{}: {} of {containers} containers have {wall}", path.display(), lines(wall)));
            }
        }
        if lines("serviceAccountName: ") != lines("runAsNonRoot: true") {
            faults.push(format!("{}: a pod may run as root", path.display()));
        }
    }
    no_faults(&faults);
}

#[test]
fn every_container_runs_a_command() {
    let (any, of_backups) = (commands("src/config.rs", "Command"), commands("src/config/backup.rs", "BackupAction"));
    assert!(any.contains("serve") && of_backups.contains("drill"), "the commands were not found");
    let (mut faults, mut checked_count) = (Vec::new(), 0);
    for path in files(&root().join("deploy/kubernetes"), ".yaml") {
        let pods = fs::read_to_string(&path).unwrap();
        for args in pods.lines().filter_map(|line| line.trim_start().strip_prefix("args: ")) {
            checked_count += 1;
            let words: Vec<&str> = args.trim_matches(['[', ']']).split(", ").map(|word| word.trim_matches('"')).collect();
            let is_known = match words[..] {
                ["backup", action] => of_backups.contains(action),
                [command, ..] => any.contains(command),
                [] => false,
            };
            if !is_known {
                faults.push(format!("{}: entrepot {} is no command", path.display(), words.join(" ")));
            }
        }
    }
    assert!(checked_count > 8, "the commands of containers were not found");
    no_faults(&faults);
}

#[test]
fn every_cron_job_ends_and_runs_alone() {
    let (mut faults, mut checked_count) = (Vec::new(), 0);
    for path in files(&root().join("deploy/kubernetes"), ".yaml") {
        let jobs = fs::read_to_string(&path).unwrap();
        let lines = |beginning: &str| jobs.lines().filter(|line| line.trim_start().starts_with(beginning)).count();
        let count = lines("kind: CronJob");
        checked_count += count;
        for limit in [
            "concurrencyPolicy: Forbid",
            "startingDeadlineSeconds: ",
            "successfulJobsHistoryLimit: ",
            "failedJobsHistoryLimit: ",
            "activeDeadlineSeconds: ",
            "backoffLimit: ",
        ] {
            if count > lines(limit) {
                faults.push(format!("{}: {} of {count} CronJobs have {limit}", path.display(), lines(limit)));
            }
        }
    }
    assert!(checked_count > 5, "the CronJobs were not found");
    no_faults(&faults);
}

#[test]
fn every_kustomization_is_checked() {
    let script = text("scripts/check-deploy.sh");
    let overlays: BTreeSet<&str> = value(&script, "for overlay in ").trim_end_matches("; do").split(' ').collect();
    let folders =
        fs::read_dir(root().join("deploy/kubernetes")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let folders: BTreeSet<String> = folders.filter(|name| name != "base").collect();
    assert_eq!(overlays, folders.iter().map(String::as_str).collect::<BTreeSet<&str>>());
}

#[test]
fn dumps_are_made_by_programs_that_the_image_has() {
    let (image, release) = (text("Dockerfile"), text(".github/workflows/release.yml"));
    let (dumps, nodes) =
        (text("deploy/kubernetes/dumps/kustomization.yaml"), text("deploy/kubernetes/many-nodes/kustomization.yaml"));
    let versions: Vec<&str> = value(&image, "ARG POSTGRES_VERSIONS=").trim_matches('"').split(' ').collect();
    let ours = number(&text("docker-compose.yml"), "image: postgres:").to_string();
    for (file, settings) in [("Dockerfile", &image), ("dumps", &dumps)] {
        for (setting, program) in [("ENTREPOT_PG_DUMP", "pg_dump"), ("ENTREPOT_PG_RESTORE", "pg_restore")] {
            let path = value(settings, &format!("{setting}="));
            assert_eq!(path, format!("/usr/lib/postgresql/{ours}/bin/{program}"), "{setting} of {file}");
        }
    }
    assert!(versions.contains(&ours.as_str()), "the image has no programs of Postgres {ours}");
    let allowed = format!("contains([0, {}], var.dump_version)", versions.join(", "));
    assert!(
        text("deploy/terraform/modules/service/variables.tf").contains(&allowed),
        "Terraform allows other versions than the image has"
    );
    // The collected files are in the image that is released, under the tag that the manifests name.
    let stage = "release-operations";
    assert!(
        image.contains(&format!("FROM base-operations AS {stage}\n")) && image.contains("COPY --from=postgres /postgres /\n")
    );
    let suffix = value(&release, &format!("target: {stage}, suffix: ")).split(',').next().unwrap_or_default();
    assert_eq!(
        value(&dumps, "newTag: "),
        format!("{}{suffix}", value(&nodes, "newTag: ")),
        "the image of dumps is not that of the nodes' release"
    );
    assert_eq!(value(&dumps, "newName: "), value(&nodes, "newName: "));
    assert!(text(".dockerignore").contains("!scripts/postgres-programs.sh\n"), "the script is not in the context of the build");
}

#[test]
fn dumps_are_where_revocations_are_and_pass_the_network_policies() {
    let many = |file: &str| text(&format!("deploy/kubernetes/many-nodes/{file}"));
    let (dumps, nodes) = (text("deploy/kubernetes/dumps/kustomization.yaml"), many("kustomization.yaml"));
    let place = value(&dumps, "ENTREPOT_BACKUPS=");
    assert!(
        many("revocations.yaml").contains(&format!("name: ENTREPOT_BACKUPS, value: \"{place}\"")),
        "revocations are not in {place}"
    );
    for setting in ["ENTREPOT_FILES=", "AWS_REGION="] {
        assert_eq!(value(&dumps, setting), value(&nodes, setting), "{setting} of dumps and nodes");
    }
    // The policies of nodes let pods with this label out to Postgres, the bucket and DNS.
    let selected = "matchLabels: { app.kubernetes.io/name: entrepot }";
    let (out, data) = (text("deploy/kubernetes/base/network-policy.yaml"), many("network-policy.yaml"));
    assert!(out.split("name: entrepot-out").nth(1).is_some_and(|policy| policy.contains(selected)) && data.contains(selected));
    for file in ["dump.yaml", "drill.yaml", "prune.yaml"] {
        let job = text(&format!("deploy/kubernetes/dumps/{file}"));
        let pod = job.split_once("      template:\n").unwrap_or_else(|| panic!("{file} has no pod")).1;
        assert!(pod.contains("            app.kubernetes.io/name: entrepot\n"), "the policies do not know the pods of {file}");
        assert!(
            !pod.contains("component: node") && !pod.contains("component: worker"),
            "{file} would get requests, or count as a worker"
        );
        assert!(
            pod.contains("valueFrom: { secretKeyRef: { name: entrepot-database, key: url } }"),
            "{file}: the URL has a password"
        );
    }
}
