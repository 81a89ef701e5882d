resource "terraform_data" "quick" {}

resource "terraform_data" "slow" {
  count      = 2
  depends_on = [terraform_data.quick]
  provisioner "local-exec" { command = "echo begin; sleep 60" }
}
