package dev.braid.data.support;

import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Hands tests one Spark context, shared by all test classes and stopped after the last. */
public final class LocalSpark implements ParameterResolver {
    private record Holder(JavaSparkContext spark) implements AutoCloseable {
        @Override
        public void close() {
            spark.stop();
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == JavaSparkContext.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return context.getRoot()
                .getStore(Namespace.create(LocalSpark.class))
                .computeIfAbsent(LocalSpark.class, key -> new Holder(start()), Holder.class)
                .spark();
    }

    private static JavaSparkContext start() {
        SparkConf settings = new SparkConf()
                .setMaster("local[2]")
                .setAppName("data-pipeline tests")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.hadoop.fs.far.impl", FarFileSystem.class.getName())
                .set("spark.hadoop.fs.AbstractFileSystem.far.impl", FarFileSystem.Context.class.getName());
        return new JavaSparkContext(settings);
    }
}
