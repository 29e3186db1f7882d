plugins {
    alias(libs.plugins.android.application)
}

// What pom.xml writes into BuildConfig, too.
val commit = providers.exec {
    commandLine("git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty")
    isIgnoreExitValue = true
}.standardOutput.asText.map { it.trim() }

android {
    namespace = "org.tfgate.demo"
    compileSdk = libs.versions.target.sdk.get().toInt()

    defaultConfig {
        applicationId = "org.tfgate.demo"
        minSdk = libs.versions.min.sdk.get().toInt()
        targetSdk = libs.versions.target.sdk.get().toInt()
        versionCode = libs.versions.version.code.get().toInt()
        versionName = libs.versions.version.name.get()
        val literal = commit.get().let { if (it.isEmpty()) "null" else "\"$it\"" }
        buildConfigField("String", "COMMIT", literal)
    }

    buildFeatures {
        buildConfig = true
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_1_8
        targetCompatibility = JavaVersion.VERSION_1_8
    }

    // Mapped where they lie in the APK.
    androidResources {
        noCompress += "tflite"
    }
}

dependencies {
    implementation(project(":core"))
    implementation(project(":tflite"))
    // For an editor; the tests run with Maven, whose folders they know.
    testImplementation(libs.junit)
    testImplementation(libs.android.all)
}
