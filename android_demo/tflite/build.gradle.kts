plugins {
    alias(libs.plugins.android.library)
}

android {
    namespace = "org.tfgate.demo.tflite"
    compileSdk = libs.versions.target.sdk.get().toInt()

    defaultConfig {
        minSdk = libs.versions.min.sdk.get().toInt()
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_1_8
        targetCompatibility = JavaVersion.VERSION_1_8
    }
}

dependencies {
    api(project(":core"))
    // Both have the classes of org.tensorflow.lite.
    when (val runtime = providers.gradleProperty("runtime").get()) {
        "tensorflow-lite" -> implementation(libs.tensorflow.lite)
        "litert" -> implementation(libs.litert)
        else -> error("Expected -Pruntime=tensorflow-lite or litert, got $runtime.")
    }
    testImplementation(libs.junit)
}
