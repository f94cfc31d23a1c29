//! Files of `deploy` that have to agree with one another and with the program, where no tool of `scripts/check-deploy.sh` knows both.

use std::{collections::BTreeSet, fs};

use super::{files, no_faults, root};

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Names of variables that a text has behind this beginning.
fn variables(text: &str, beginning: &str) -> BTreeSet<String> {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect::<String>();
    let names = text.split(beginning).skip(1).map(name).filter(|name| !name.is_empty());
    names.map(|name| format!("ENTREPOT_{name}")).collect()
}

/// The number behind the first of these words.
fn number(text: &str, words: &str) -> u32 {
    let rest = text.split_once(words).unwrap_or_else(|| panic!("\"{words}\" was not found")).1;
    let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("no number is behind \"{words}\""))
}

#[test]
fn every_setting_of_a_deployment_is_read_by_a_flag() {
    let mut config = files(&root().join("src/config"), ".rs");
    config.push(root().join("src/config.rs"));
    let known: BTreeSet<String> =
        config.iter().flat_map(|path| variables(&fs::read_to_string(path).unwrap(), "env = \"ENTREPOT_")).collect();
    assert!(known.len() > 50, "the flags were not found");
    let mut places = files(&root().join("deploy/kubernetes"), ".yaml");
    places.extend(["docker-compose.yml", "deploy/systemd/entrepot.env"].map(|file| root().join(file)));
    let (mut faults, mut seen) = (Vec::new(), 0);
    for path in places {
        for name in variables(&fs::read_to_string(&path).unwrap(), "ENTREPOT_") {
            seen += 1;
            if !known.contains(&name) {
                faults.push(format!("{}: no flag reads {name}", path.display()));
            }
        }
    }
    assert!(seen > 20, "the settings were not found");
    no_faults(&faults);
}

#[test]
fn a_pod_is_reached_where_it_listens_and_ends_before_it_is_killed() {
    let base = |file: &str| text(&format!("deploy/kubernetes/base/{file}"));
    let (settings, front) = (base("kustomization.yaml"), base("front.conf"));
    assert_eq!(number(&front, "server 127.0.0.1:"), number(&settings, "ENTREPOT_LISTEN=127.0.0.1:"), "the node behind the front");
    let (port, metrics) = (number(&front, "listen "), number(&settings, "ENTREPOT_METRICS_LISTEN=0.0.0.0:"));
    // A number, as before Kubernetes 1.32 names of sidecars' ports are not looked for.
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
    for file in ["many-nodes/nodes.yaml", "many-nodes/workers.yaml", "one-node/statefulset.yaml"] {
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
