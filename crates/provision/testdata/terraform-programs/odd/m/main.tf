variable "p" {}

resource "terraform_data" "n" {
  count = 2
  input = var.p
}
