package dev.braid.trainer;

import dev.braid.trainer.cli.Actions;
import dev.braid.trainer.cli.RunFailedException;

/** Stands where the commands will be carried out: each fails and says so. */
final class MissingActions implements Actions {
    @Override
    public void train(Train request) {
        throw missing("train");
    }

    @Override
    public void prepareData(Prepare request) {
        throw missing("data prepare");
    }

    @Override
    public void showData(Show request) {
        throw missing("data show");
    }

    @Override
    public void exportModel(Export request) {
        throw missing("export");
    }

    @Override
    public void importModel(Import request) {
        throw missing("import");
    }

    @Override
    public void score(Score request) {
        throw missing("score");
    }

    @Override
    public void sample(Sample request) {
        throw missing("sample");
    }

    @Override
    public void benchTrain(Bench request) {
        throw missing("bench train");
    }

    private static RunFailedException missing(String command) {
        return new RunFailedException(command + " is not part of this build yet", null);
    }
}
