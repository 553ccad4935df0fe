import torch


class Trainer:
    """Runs a module's steps over a data module's loaders."""

    def __init__(self, max_epochs: int):
        self.max_epochs = max_epochs

    def fit(self, module, data) -> None:
        data.setup()
        optimizer = module.configure_optimizers()
        for epoch in range(self.max_epochs):
            module.train()
            for batch in data.train_dataloader():
                loss = module.training_step(batch)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            print(f"epoch {epoch}: loss {loss.item():.6f}  val_acc {self.validate(module, data):.4f}")

    @torch.no_grad()
    def validate(self, module, data) -> float:
        module.eval()
        scores = [module.validation_step(batch) for batch in data.val_dataloader()]
        return torch.stack(scores).mean().item()
