package dev.braid.trainer.action;

import dev.braid.trainer.cli.Actions;
import dev.braid.trainer.cli.Console;
import java.io.IOException;

/** All commands of the program. */
public final class BraidActions implements Actions {
    private final Console console;

    /** Commands that write to {@code console}. */
    public BraidActions(Console console) {
        this.console = console;
    }

    @Override
    public void train(Train request) throws IOException, InterruptedException {
        new TrainAction(console, request).run();
    }

    @Override
    public void prepareData(Prepare request) throws IOException {
        new DataAction(console).prepare(request);
    }

    @Override
    public void showData(Show request) throws IOException {
        new DataAction(console).show(request);
    }

    @Override
    public void exportModel(Export request) throws IOException {
        new ExchangeAction(console).exportModel(request);
    }

    @Override
    public void importModel(Import request) throws IOException {
        new ExchangeAction(console).importModel(request);
    }

    @Override
    public void score(Score request) throws IOException {
        new ScoreAction(console).run(request);
    }

    @Override
    public void sample(Sample request) throws IOException {
        new SampleAction(console).run(request);
    }

    @Override
    public void benchTrain(Bench request) throws IOException, InterruptedException {
        new BenchAction(console).run(request);
    }

    @Override
    public void benchComm(BenchComm request) throws IOException, InterruptedException {
        new BenchCommAction(console, request).run();
    }

    @Override
    public void plan(Plan request) throws IOException {
        new PlanAction(console).run(request);
    }

    @Override
    public void compareRuns(Compare request) throws IOException {
        new CompareAction(console).run(request);
    }

    @Override
    public void showSchedule(ShowSchedule request) throws IOException {
        new ScheduleAction(console).run(request);
    }
}
