# What fails, and how: a provisioner at a creation and inside replacements, conditions, a name that cannot be read.
variable "p" { default = "1" }

resource "terraform_data" "fine" { input = var.p }

resource "terraform_data" "late" {
  count = var.p == "1" ? 0 : 1
  provisioner "local-exec" { command = "echo; echo 'terraform_data.fine: Destruction complete after 0s'; echo 'Error: fake' >&2; exit 3" }
}

resource "terraform_data" "new_first" {
  triggers_replace = var.p
  lifecycle { create_before_destroy = true }
  provisioner "local-exec" { command = "test ${var.p} = 1" }
}

resource "terraform_data" "old_first" {
  triggers_replace = var.p
  provisioner "local-exec" { command = "test ${var.p} = 1" }
}

variable "strict" { default = "no" }

resource "terraform_data" "conditional" {
  lifecycle {
    postcondition {
      condition     = var.strict == "no" || self.id == "never"
      error_message = "never"
    }
  }
}

resource "terraform_data" "checked" {
  input = var.p
  lifecycle {
    postcondition {
      condition     = self.output == "1"
      error_message = "not 1"
    }
  }
}

resource "terraform_data" "going" {
  count = var.p == "1" ? 1 : 0
  provisioner "local-exec" {
    when    = destroy
    command = "exit 4"
  }
}

resource "terraform_data" "after" {
  count      = var.p == "1" ? 0 : 1
  depends_on = [terraform_data.late]
}
