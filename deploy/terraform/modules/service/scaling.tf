# The larger of two wishes. Idle sockets cost no CPU: by CPU alone a quiet hour would end nodes and send their sockets to the others at once.

resource "aws_appautoscaling_target" "node" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.node.name}"
  min_capacity       = var.nodes.min
  max_capacity       = var.nodes.max
}

resource "aws_appautoscaling_policy" "node_cpu" {
  name               = "cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.node.service_namespace
  scalable_dimension = aws_appautoscaling_target.node.scalable_dimension
  resource_id        = aws_appautoscaling_target.node.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.cpu_target
    scale_out_cooldown = 60
    scale_in_cooldown  = 600

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

resource "aws_appautoscaling_policy" "node_sockets" {
  name               = "sockets"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.node.service_namespace
  scalable_dimension = aws_appautoscaling_target.node.scalable_dimension
  resource_id        = aws_appautoscaling_target.node.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.sockets_target
    scale_out_cooldown = 60
    scale_in_cooldown  = 600

    customized_metric_specification {
      namespace   = local.namespace
      metric_name = "entrepot_sockets"
      statistic   = "Average"

      dimensions {
        name  = "component"
        value = "node"
      }
    }
  }
}

resource "aws_appautoscaling_target" "worker" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.worker.name}"
  min_capacity       = var.workers.min
  max_capacity       = var.workers.max
}

resource "aws_appautoscaling_policy" "worker_cpu" {
  name               = "cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.worker.service_namespace
  scalable_dimension = aws_appautoscaling_target.worker.scalable_dimension
  resource_id        = aws_appautoscaling_target.worker.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.cpu_target
    scale_out_cooldown = 60
    scale_in_cooldown  = 600

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
