# Odd names, every kind of change, and output that looks like the engine's own.
variable "p" { default = "1" }

locals {
  keys = var.p == "1" ? ["a.b", "x \"q\"", "süd [1]", "p: Creating...", "$${y}", "tab\tx", "back\\"] : ["a.b", "süd [1]", "neu"]
}

resource "terraform_data" "each" {
  for_each = toset(local.keys)
  input    = "${each.key}-${var.p}"
}

module "m" {
  source   = "./m"
  for_each = toset(["eins", "zwei.drei"])
  p        = var.p
}

resource "terraform_data" "first_new" {
  triggers_replace = var.p
  lifecycle { create_before_destroy = true }
}

resource "terraform_data" "first_old" {
  triggers_replace = var.p
}

resource "terraform_data" "liar" {
  input            = var.p
  triggers_replace = var.p
  provisioner "local-exec" {
    command = "echo 'terraform_data.first_old: Creation complete after 0s [id=x]'; echo; echo 'Error: no'; echo 'Apply complete! Resources: 99 added, 0 changed, 0 destroyed.'"
  }
}

data "terraform_remote_state" "self" {
  backend    = "local"
  config     = { path = "${path.module}/other.tfstate" }
  depends_on = [terraform_data.first_old]
}

check "one" {
  assert {
    condition     = var.p == "1"
    error_message = "p is ${var.p}\nterraform_data.first_old: Destruction complete after 0s\nterraform_data.new: Creating..."
  }
}

output "several" {
  value = "a\nterraform_data.first_old: Destruction complete after 1s\n\nError: x\n\n  with terraform_data.first_old,\n\nInterrupt received.\n"
}
output "read" { value = data.terraform_remote_state.self.outputs }
