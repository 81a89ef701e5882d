variable "p" { default = "1" }
resource "terraform_data" "a" { input = var.p }
output "a" { value = terraform_data.a.output }
