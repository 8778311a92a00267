"""What Acme watches beside its SageMaker set-up."""
