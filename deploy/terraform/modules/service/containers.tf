# Task definitions. Every container runs without root and on a root file system that nobody can write to; /tmp is memory. Reports and imports
# are written to a disk of the task's own: the image declares /var/lib/entrepot as a volume of uid 10001, and Fargate keeps that owner.

locals {
  hardened = {
    readonlyRootFilesystem = true
    privileged             = false
    linuxParameters = {
      initProcessEnabled = false
      capabilities       = { drop = ["ALL"], add = [] }
      tmpfs              = [{ containerPath = "/tmp", size = 64, mountOptions = ["mode=1777"] }]
    }
  }

  # Liveness, never the database: its outage must not restart everybody.
  liveness = {
    command     = ["CMD", "/usr/local/bin/entrepot", "health", "--url", "http://127.0.0.1:9090/livez"]
    interval    = 10
    timeout     = 3
    retries     = 3
    startPeriod = 60
  }

  log = { for group in ["node", "worker", "front", "task", "metrics"] : group => {
    logDriver = "awslogs"
    options = {
      "awslogs-group"         = var.log_group_names[group]
      "awslogs-region"        = local.region
      "awslogs-stream-prefix" = group
      # A log that cannot be sent must not stop the process: 16 MiB wait, and then the oldest line goes.
      mode              = "non-blocking"
      "max-buffer-size" = "16m"
    }
  } }

  environment_of = {
    node   = merge(local.environment, local.process_environment, local.node_environment)
    worker = merge(local.environment, local.process_environment)
    task   = local.environment
  }
  secrets_of = {
    node   = local.process_secrets
    worker = local.process_secrets
    task   = local.database_secrets
  }
  command_of = { node = ["serve"], worker = ["worker"], task = ["migrate"] }

  # The server; what differs between the three is added below.
  server = { for kind, command in local.command_of : kind => merge(local.hardened, {
    name             = "entrepot"
    image            = var.image
    command          = command
    user             = "10001:10001"
    essential        = true
    stopTimeout      = local.stop_seconds
    environment      = [for key, value in local.environment_of[kind] : { name = key, value = value }]
    secrets          = [for key, arn in local.secrets_of[kind] : { name = key, valueFrom = arn }]
    logConfiguration = merge(local.log[kind], { options = merge(local.log[kind].options, { "awslogs-stream-prefix" = "entrepot" }) })
    ulimits          = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]
    mountPoints      = [{ sourceVolume = "scratch", containerPath = "/var/lib/entrepot", readOnly = false }]
    volumesFrom      = []
    portMappings     = []
    systemControls   = []
  }) }

  front = merge(local.hardened, {
    name  = "front"
    image = var.front_image
    user  = "101:101"
    # The configuration comes through the environment: Fargate has no files of its own to mount.
    entryPoint     = ["sh", "-c"]
    command        = ["printf '%s' \"$FRONT_CONF\" > /tmp/front.conf && exec nginx -e /dev/stderr -c /tmp/front.conf -g 'daemon off;'"]
    essential      = true
    stopTimeout    = 120
    portMappings   = [{ containerPort = 8080, hostPort = 8080, protocol = "tcp" }]
    ulimits        = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]
    mountPoints    = []
    volumesFrom    = []
    systemControls = []
    environment = [{ name = "FRONT_CONF", value = templatefile("${path.module}/front.conf.tftpl", {
      vpc_cidr              = var.vpc_cidr
      client_address_header = var.client_address_header
    }) }]
    logConfiguration = local.log.front
  })

  # Not essential: a node without its figures goes on, and an alarm tells that they are missing.
  collector = { for kind in ["node", "worker"] : kind => merge(local.hardened, {
    name             = "collector"
    image            = var.collector_image
    user             = "10001:10001"
    essential        = false
    stopTimeout      = 30
    mountPoints      = []
    volumesFrom      = []
    portMappings     = []
    systemControls   = []
    memory           = 192
    environment      = [{ name = "AOT_CONFIG_CONTENT", value = local.collector_config[kind] }]
    dependsOn        = [{ containerName = "entrepot", condition = "START" }]
    logConfiguration = local.log.metrics
  }) }
}

resource "aws_ecs_task_definition" "node" {
  family                   = "${var.name}-node"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.node_size.cpu
  memory                   = var.node_size.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.process.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  volume {
    name = "scratch"
  }

  # The front starts before the node and, in the reverse order, ends after it: the node says good-bye through it.
  container_definitions = jsonencode([
    merge(local.server.node, {
      memory      = var.node_size.memory - 192 - 256
      healthCheck = local.liveness
      dependsOn   = [{ containerName = "front", condition = "START" }]
    }),
    merge(local.front, { memory = 256 }),
    local.collector.node,
  ])
}

resource "aws_ecs_task_definition" "worker" {
  family                   = "${var.name}-worker"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.worker_size.cpu
  memory                   = var.worker_size.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.process.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  volume {
    name = "scratch"
  }

  container_definitions = jsonencode([
    merge(local.server.worker, { memory = var.worker_size.memory - 192, healthCheck = local.liveness }),
    local.collector.worker,
  ])
}

# Runs once: `migrate`, or by another command `verify`, `audit verify`, `keys rotate`, `epoch` (README.md).
resource "aws_ecs_task_definition" "task" {
  family                   = "${var.name}-task"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.worker_size.cpu
  memory                   = var.worker_size.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.operator.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  volume {
    name = "scratch"
  }

  container_definitions = jsonencode([merge(local.server.task, { memory = var.worker_size.memory })])
}
